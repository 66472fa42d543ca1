#!/usr/bin/env bash
# A common script: curl and jq exchange the token, kubectl writes the Secret to each namespace.
set -euo pipefail

TOKEN_FILE=${TOKEN_FILE:-/var/run/secrets/tokens/oidc-token}
STS=${PULLPASS_GCP_STS_ENDPOINT:-https://sts.googleapis.com}
IAM_CREDENTIALS=${PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT:-https://iamcredentials.googleapis.com}
PROVIDER="projects/${PROJECT_NUMBER}/locations/global/workloadIdentityPools/${POOL_ID}/providers/${PROVIDER_ID}"

FEDERATED_TOKEN=$(curl -sS --fail -X POST "${STS}/v1/token" \
  -H 'Content-Type: application/json' \
  -d @- <<JSON | jq -er .access_token
{
  "audience": "//iam.googleapis.com/${PROVIDER}",
  "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
  "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
  "scope": "https://www.googleapis.com/auth/cloud-platform",
  "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
  "subjectToken": "$(cat "$TOKEN_FILE")"
}
JSON
)

ACCESS_TOKEN=$(curl -sS --fail -X POST \
  "${IAM_CREDENTIALS}/v1/projects/-/serviceAccounts/${SERVICE_ACCOUNT_EMAIL}:generateAccessToken" \
  -H "Authorization: Bearer ${FEDERATED_TOKEN}" \
  -H 'Content-Type: application/json' \
  -d '{"scope": ["https://www.googleapis.com/auth/cloud-platform"]}' | jq -er .accessToken)

IFS=',' read -ra NAMESPACES <<<"$REGISTRY_SECRET_NAMESPACES"
for NAMESPACE in "${NAMESPACES[@]}"; do
  kubectl create secret docker-registry "$REGISTRY_SECRET_NAME" \
    --namespace "$NAMESPACE" \
    --docker-server="$REGISTRY_HOSTS" \
    --docker-username=oauth2accesstoken \
    --docker-password="$ACCESS_TOKEN" \
    --dry-run=client -o yaml | kubectl apply -f -
done
