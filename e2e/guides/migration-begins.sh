# A cluster as the migration guide meets it: the script of curl, jq and kubectl keeps regcred in two namespaces, and pods pull
# with it, from now on until the guide ends. Runs in the reader's home; $1 is the script.
set -euo pipefail
for namespace in image-system team-a team-b; do # the sandbox has some
  kubectl get namespace "$namespace" > .got 2>&1 || kubectl create namespace "$namespace"
done
kubectl -n image-system create serviceaccount registry-sync
pullpass issuer publish --to gs://example-issuer/cluster-1
export PROJECT_NUMBER=123456789012 POOL_ID=pool PROVIDER_ID=cluster
export SERVICE_ACCOUNT_EMAIL=puller@example-project.iam.gserviceaccount.com
export REGISTRY_SECRET_NAME=regcred REGISTRY_SECRET_NAMESPACES=team-a,team-b REGISTRY_HOSTS=europe-docker.pkg.dev
pullpass trust apply --subject image-system/registry-sync --yes --no-verify \
  --repository projects/example-project/locations/europe/repositories/images
audience=https://iam.googleapis.com/projects/$PROJECT_NUMBER/locations/global/workloadIdentityPools/$POOL_ID/providers/$PROVIDER_ID
(umask 077 && kubectl -n image-system create token registry-sync --audience "$audience" > .token)
TOKEN_FILE=.token CURL_CA_BUNDLE="$SSL_CERT_FILE" bash "$1"
rm .token
if kubectl get --raw /apis/batch/v1 > .batch 2>&1; then # the sandbox has no CronJobs
  kubectl -n image-system create cronjob registry-sync --image=registry.example.com/registry-sync:1 \
    --schedule='*/30 * * * *' -- /sync.sh
fi

pull() {
  kubectl -n team-a get secret regcred -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d > .pull-auth.json &&
    skopeo inspect --authfile .pull-auth.json docker://europe-docker.pkg.dev/example-project/images/hello:1
}
: > .pulls
(umask 077; while [ ! -e .pulls-end ]; do if pull > .pull 2>&1; then echo ok; else tr '\n' ' ' < .pull; echo; fi >> .pulls; sleep 0.2; done) \
  > .puller 2>&1 &
