# No pull failed since migration-begins.sh, and there were some.
set -euo pipefail
before=$(wc -l < .pulls)
until [ "$(wc -l < .pulls)" -gt "$before" ]; do sleep 0.1; done
touch .pulls-end
if grep -v '^ok$' .pulls; then exit 1; fi
[ "$(wc -l < .pulls)" -ge 3 ]
