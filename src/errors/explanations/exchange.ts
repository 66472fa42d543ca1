/** The exchange of a subject token at the vendor: what each code means and what to do. */
import type { Section } from '../explanation.ts'

export const exchangeSection: Section = {
  title: 'Exchange',
  introduction: 'The exit code is 1. The vendor refused the subject token, or did not respond.',
  codes: {
    AUDIENCE_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        "The provider has allowed audiences (at AWS: client ids; at Azure: its federated credential has one), and the token's audience is not one of them.",
      action: 'Set `audience` of the registry to one of the allowed audiences.',
      example: `AUDIENCE_REFUSED (exchange): Google's token service responded with 400 "invalid_grant: The audience in ID Token [//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster] does not match the expected audience."
  expected an audience that the provider accepts: the token has "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster", the registry "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster", "https://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster"
  fix: if the provider has allowed audiences, set one of them as the registry's audience`,
    },
    ISSUER_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The provider trusts a different issuer. Issuers are compared character by character, including a trailing slash.',
      action:
        "Set the provider's issuer to that of the cluster (`pullpass trust apply -f FILE --replace issuer`), or change the issuer of the cluster.",
      example: `ISSUER_REFUSED (exchange): Google's token service responded with 400 "invalid_grant: The issuer in ID Token https://storage.googleapis.com/example-cluster does not match the expected one in config: https://cluster.example.com"
  expected the provider's issuer URI to be exactly "https://storage.googleapis.com/example-cluster"
  fix: set the provider's issuer to that, or the cluster's --service-account-issuer to the provider's`,
    },
    SIGNATURE_INVALID: {
      hops: ['exchange'],
      doctor: ['signature', 'exchange'],
      issuerCheck: true,
      meaning:
        'A key with the kid of the token is published (or uploaded to the vendor), but it is not the key that signed the token: the published keys are not those of the cluster.',
      action:
        "Publish the cluster's current keys (`pullpass issuer publish --to TARGET`), or upload them to the provider again.",
      example: `SIGNATURE_INVALID (exchange): Google's token service responded with 400 "invalid_grant: Unable to verify the ID Token signature."
  expected the published key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc" to be the signing key of the cluster
  fix: publish the cluster's current JWKS, or upload it to the provider again; to print it: kubectl get --raw /openid/v1/jwks`,
    },
    ISSUER_UNREACHABLE: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The vendor cannot read the issuer metadata, or does not find the key of the token in it. After a key rotation, the vendor may still use a cached copy.',
      action:
        'Check that both documents are readable without credentials: `pullpass issuer check ISSUER`. For an issuer inside a private network, upload the JWKS to the provider. Publish new keys before they sign.',
      example: `ISSUER_UNREACHABLE (exchange): Google's token service responded with 400 "invalid_grant: Error connecting to the given credential's issuer."
  expected https://storage.googleapis.com/example-cluster/.well-known/openid-configuration and its JWKS, with key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc", publicly readable
  fix: publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again; a revoked key is never published again: configure the API servers to sign with another key`,
    },
    KEY_PUBLISHED_RECENTLY: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The vendor refused a token whose key was published recently: for up to `max-age` (300 seconds) it may use a cached copy of the JWKS. Google reports the same error if it cannot read the issuer, so the fix names both causes. If a pull secret remains valid for ten minutes after that time, the run keeps it and reports no failure.',
      action:
        'Wait until the time in the error. To avoid the error, sign with a new key only when it is safe: [rotating keys](issuer.md#rotate-signing-keys).',
      example: `KEY_PUBLISHED_RECENTLY (exchange): a token of key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc" was refused (Google's token service responded with 400 "invalid_grant: Error connecting to the given credential's issuer."); the published keys have changed since verifiers may have cached them
  expected a key that every verifier knows, which it is from 2026-11-24T12:05:00Z on
  fix: wait: a run after 2026-11-24T12:05:00Z exchanges it. If that one is refused too, the cloud cannot read the issuer: publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again; a revoked key is never published again: configure the API servers to sign with another key. To avoid this in a rotation, sign with a new key only when it is safe; to show the time: pullpass issuer show`,
    },
    CONDITION_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The provider trusts the issuer, but its attribute condition excludes this ServiceAccount. At AWS: the trust policy of the role does not allow the subject and audience, or the role does not exist; AWS does not distinguish these. At Azure: no federated credential of the identity has the subject.',
      action:
        '`pullpass trust apply -f FILE` adds the subject to a condition of the form `assertion.sub in [...]`; a condition of another form is replaced with `--replace condition`.',
      example: `CONDITION_REFUSED (exchange): Google's token service responded with 400 "unauthorized_client: The given credential is rejected by the attribute condition."
  expected the provider's attribute condition to accept subject system:serviceaccount:image-system:pullpass
  fix: pullpass trust apply -f FILE adds the subject to a condition that lists subjects; check attributeCondition: gcloud iam workload-identity-pools providers describe projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster`,
    },
    PROVIDER_NOT_FOUND: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        "What the document names at the vendor does not exist, is disabled, or was deleted: at Google a pool or provider (a deleted one keeps its name for 30 days; often the project's id was used instead of its number), at Azure a tenant, an application, or its federated credential.",
      action: 'Correct the name, or create the provider: `pullpass trust apply -f FILE`.',
      example: `PROVIDER_NOT_FOUND (exchange): Google's token service responded with 400 "invalid_target: The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist."
  expected the pool and provider of projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster to exist and to be enabled
  fix: compare with: gcloud iam workload-identity-pools providers list --workload-identity-pool=projects/123456789012/locations/global/workloadIdentityPools/pool`,
    },
    QUOTA_EXCEEDED: {
      hops: [
        'exchange',
        'exchange/assume-role',
        'exchange/authorization',
        'exchange/registry',
        'exchange/repository',
        'impersonation',
        'trust',
      ],
      doctor: ['exchange', 'exchange/authorization', 'impersonation'],
      meaning:
        'Too many exchanges in this project. pullpass retried several times after the delay that the response requested. A run needs one exchange for each identity and registry, regardless of the number of namespaces.',
      action: 'None if the error is temporary; otherwise request a higher quota.',
      example: `QUOTA_EXCEEDED (exchange): Google's token service responded with 429 "quota_exceeded: The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds."
  expected the project's token exchanges to stay within Google's quota
  fix: no action if this is temporary; otherwise raise the quota`,
    },
    EXCHANGE_REFUSED: {
      hops: [
        'exchange',
        'exchange/assume-role',
        'exchange/authorization',
        'exchange/registry',
        'exchange/repository',
        'impersonation',
        'registry',
      ],
      doctor: ['exchange', 'impersonation'],
      meaning:
        'The vendor refused the request for an unknown reason; its message is quoted, if any. At hop `impersonation`, the usual cause is a `lifetime` that the organization does not permit.',
      action: 'Check the endpoint, and that no proxy or sign-in page intercepts the request.',
      example: `EXCHANGE_REFUSED (exchange): Google's token service responded with 404 at https://sts.googleapis.com/v1/token, without a known reason
  expected a response with status 200
  fix: check the endpoint, and that no proxy or sign-in page intercepts this request`,
    },
    EXCHANGE_UNAVAILABLE: {
      hops: [
        'exchange',
        'exchange/assume-role',
        'exchange/authorization',
        'exchange/registry',
        'exchange/repository',
        'impersonation',
        'registry',
      ],
      doctor: ['exchange', 'impersonation'],
      meaning: 'All four attempts failed: no response, or status 5xx.',
      action:
        'None if the error is temporary. In a cluster, check NetworkPolicies and DNS. A failing proxy is reported as [PROXY_FAILED](#proxy_failed).',
      example: `EXCHANGE_UNAVAILABLE (exchange): Google's token service responded with 503 at https://sts.googleapis.com/v1/token, without a known reason
  expected a response with status 200
  fix: no action if this is temporary: pull secrets keep their credentials, and the next run retries`,
    },
    CREDENTIAL_SOURCE_INVALID: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The Secret or file that a registry names as the source of a password, client secret or key does not exist, cannot be read, or does not contain it. The earlier entry of the pull secret stays.',
      action:
        'Create the Secret, or correct its name and key in the document. For permissions: `pullpass manifests -f FILE` prints a Role that can read exactly this Secret.',
      example: `CREDENTIAL_SOURCE_INVALID (exchange): Secret image-system/hub does not exist, and a registry reads its credential from it
  expected the Secret that the document names
  fix: create it, or correct its name: kubectl get secrets -n image-system`,
    },
    CLIENT_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The token service does not accept the client: its id is unknown, its secret or key is not the one that is registered, or it has to authenticate with another method.',
      action: 'Compare `clientAuthentication` in the document with the client at the token service.',
      example: `CLIENT_REFUSED (exchange): the token service responded with 401 "invalid_client: Invalid client credentials."
  expected the client and its authentication to be as registered at the token service
  fix: see the registry's clientAuthentication: method, client id, and its secret or key`,
    },
    CREDENTIAL_SHORT_LIVED: {
      doctor: ['exchange'],
      meaning:
        'The vendor issues credentials that expire within ten minutes: a CronJob cannot replace them in time, and pods that start later cannot pull. `refresh` logs it as a warning.',
      action:
        'Set a longer lifetime at the vendor: for JFrog `expires_in` of the identity mapping, which is 60 seconds by default; for `oidc` and `http` the lifetime of access tokens at the service, up to `maxLifetime` of the document.',
    },
    AUDIENCE_UNCHECKED: {
      doctor: ['exchange'],
      meaning:
        'The vendor does not check the audience of tokens: a token of the same service account that was issued for another service is accepted too. `refresh` logs it as a warning.',
      action: 'Use a service account for this registry alone, whose tokens no other service receives.',
    },
    IMPERSONATION_DENIED: {
      hops: ['impersonation', 'exchange/assume-role', 'exchange/authorization'],
      doctor: ['impersonation', 'exchange/assume-role', 'exchange/authorization'],
      meaning:
        'The exchange succeeded, but its principal may not take the next step. At Google: it may not create tokens of the service account, or the service account does not exist; Google does not distinguish these. At AWS: a role of a chain may not assume the next one (`exchange/assume-role`), or the role may not get a token of ECR (`exchange/authorization`). In JSON it is not `retryable`: a permission is missing.',
      action:
        'A new grant takes up to 5 minutes to take effect. Otherwise grant the role with the command in the line `fix`, or `pullpass trust apply -f FILE`.',
      example: `IMPERSONATION_DENIED (impersonation): Google responded with 403 "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
  expected principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass to have roles/iam.workloadIdentityUser on puller@example-project.iam.gserviceaccount.com
  fix: a new grant takes up to 5 minutes to take effect; without a grant: gcloud iam service-accounts add-iam-policy-binding puller@example-project.iam.gserviceaccount.com --project=example-project --role=roles/iam.workloadIdentityUser --member=principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass --condition=None`,
    },
    API_DISABLED: {
      hops: ['exchange', 'impersonation', 'registry', 'trust', 'publish'],
      doctor: ['exchange', 'impersonation', 'registry'],
      meaning:
        'An API is not enabled in the project that the vendor names: for exchange and impersonation the project of the pool, for a registry that of the repository. Neither permissions nor `pullpass trust apply` enable it.',
      action: 'Enable the API in that project, and wait a few minutes.',
      example: `API_DISABLED (impersonation): Google responded with 403 "IAM Service Account Credentials API has not been used in project 123456789012 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project=123456789012 then retry. If you enabled this API recently, wait a few minutes fo…"
  expected iamcredentials.googleapis.com to be enabled in project 123456789012
  fix: an owner of project 123456789012 can enable it; it takes effect after a few minutes: gcloud services enable iamcredentials.googleapis.com --project=123456789012`,
    },
    PERIMETER_DENIED: {
      hops: ['exchange', 'impersonation', 'exchange/registry', 'registry', 'trust', 'publish'],
      doctor: ['exchange', 'impersonation', 'exchange/registry', 'registry'],
      meaning:
        'At Google, a perimeter of VPC Service Controls surrounds the API or the project, and the cluster is outside: the response contains nothing but an identifier, under which the audit log has the reason. At Azure, the network rules of the registry or a Conditional Access policy exclude the cluster.',
      action:
        "Request an ingress rule for the principal, or an access level for the cluster's egress addresses, from an administrator of the organization's access policy.",
      example: `PERIMETER_DENIED (impersonation): Google responded with 403 "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: Kc9mFhVgQ2v0Ij4d"
  expected VPC Service Controls to allow this request
  fix: request an ingress rule from an administrator of your organization's access policy; to find the reason, search the audit log for vpcServiceControlsUniqueIdentifier Kc9mFhVgQ2v0Ij4d; a grant or a pullpass command cannot fix it`,
    },
  },
}
