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
        "The token's audience is not among the allowed audiences of the provider (at AWS: client ids; at Azure: that of the federated credential).",
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
        'The published (or uploaded) key with the kid of the token is not the key that signed it: the published keys are not those of the cluster.',
      example: `SIGNATURE_INVALID (exchange): Google's token service responded with 400 "invalid_grant: Unable to verify the ID Token signature."
  expected the published key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc" to be the signing key of the cluster
  fix: publish the cluster's current JWKS, or upload it to the provider again; to print it: kubectl get --raw /openid/v1/jwks`,
    },
    ISSUER_UNREACHABLE: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The vendor cannot read the issuer metadata, or does not find the key of the token in it, possibly in a cached copy.',
      action:
        'Check with `pullpass issuer check ISSUER`. For an issuer inside a private network, upload the JWKS to the provider. Publish new keys before they sign.',
      example: `ISSUER_UNREACHABLE (exchange): Google's token service responded with 400 "invalid_grant: Error connecting to the given credential's issuer."
  expected https://storage.googleapis.com/example-cluster/.well-known/openid-configuration and its JWKS, with key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc", publicly readable
  fix: publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again; a revoked key is never published again: configure the API servers to sign with another key`,
    },
    KEY_PUBLISHED_RECENTLY: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The vendor refused a token whose key was published recently: for up to `max-age` (300 seconds) it may use a cached copy. Google reports the same if it cannot read the issuer. A pull secret that remains valid for ten minutes after that time is kept without a failure.',
      action:
        'Wait until the time in the error. To avoid it, [sign with a new key only when it is safe](issuer.md#rotate-signing-keys).',
      example: `KEY_PUBLISHED_RECENTLY (exchange): a token of key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc" was refused (Google's token service responded with 400 "invalid_grant: Error connecting to the given credential's issuer."); the published keys have changed since verifiers may have cached them
  expected a key that every verifier knows, which it is from 2026-11-24T12:05:00Z on
  fix: wait: a run after 2026-11-24T12:05:00Z exchanges it. If that one is refused too, the cloud cannot read the issuer: publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again; a revoked key is never published again: configure the API servers to sign with another key. To avoid this in a rotation, sign with a new key only when it is safe; to show the time: pullpass issuer show`,
    },
    CONDITION_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The provider trusts the issuer, but not this ServiceAccount. Google: its attribute condition excludes it. AWS: the trust policy of the role does not allow subject and audience, or the role does not exist. Azure: no federated credential of the identity has the subject.',
      action:
        '`pullpass trust apply -f FILE` adds the subject; a condition of another form than `assertion.sub in [...]` is replaced with `--replace condition`.',
      example: `CONDITION_REFUSED (exchange): Google's token service responded with 400 "unauthorized_client: The given credential is rejected by the attribute condition."
  expected the provider's attribute condition to accept subject system:serviceaccount:image-system:pullpass
  fix: pullpass trust apply -f FILE adds the subject to a condition that lists subjects; check attributeCondition: gcloud iam workload-identity-pools providers describe projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster`,
    },
    PROVIDER_NOT_FOUND: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        "What the document names at the vendor does not exist, is disabled, or was deleted: at Google a pool or provider (often with the project's id instead of its number; a deleted one keeps its name for 30 days), at Azure a tenant, an application, or its federated credential.",
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
        'Too many exchanges in this project, after several attempts with the requested delay. A run needs one exchange for each identity and registry, regardless of the number of namespaces.',
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
      action: 'In a cluster, check NetworkPolicies and DNS, if the error is not temporary.',
      example: `EXCHANGE_UNAVAILABLE (exchange): Google's token service responded with 503 at https://sts.googleapis.com/v1/token, without a known reason
  expected a response with status 200
  fix: no action if this is temporary: pull secrets keep their credentials, and the next run retries`,
    },
    CREDENTIAL_SOURCE_INVALID: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The Secret or file of a password, client secret or key does not exist, cannot be read, or does not contain it. The earlier entry of the pull secret stays.',
      action:
        'Create it, or correct its name and key in the document. `pullpass manifests -f FILE` prints the permission to read exactly this Secret.',
      example: `CREDENTIAL_SOURCE_INVALID (exchange): Secret image-system/hub does not exist, and a registry reads its credential from it
  expected the Secret that the document names
  fix: create it, or correct its name: kubectl get secrets -n image-system`,
    },
    CLIENT_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The token service does not accept the client: its id is unknown, its secret or key is not the one that is registered, or it has to authenticate with another method.',
      example: `CLIENT_REFUSED (exchange): the token service responded with 401 "invalid_client: Invalid client credentials."
  expected the client and its authentication to be as registered at the token service
  fix: see the registry's clientAuthentication: method, client id, and its secret or key`,
    },
    CREDENTIAL_SHORT_LIVED: {
      hops: ['exchange'],
      doctor: ['exchange', 'impersonation'],
      meaning:
        'The credential expires within ten minutes, so a CronJob cannot replace it in time. `refresh` and `controller` log it as a warning. For the controller, one that expires within a minute is an error, and is not used: it would be refreshed in a loop.',
      action:
        'Set a longer lifetime, in the document (`lifetime`) or at the vendor: for JFrog `expires_in` of the identity mapping (60 seconds by default); for `oidc` and `http` that of access tokens, up to `maxLifetime` of the document.',
      example: `CREDENTIAL_SHORT_LIVED (exchange): the new credential of registry google expires in 29 s
  expected at least 60 s
  fix: set a longer lifetime in the document or at the vendor; compare the clocks`,
    },
    AUDIENCE_UNCHECKED: {
      doctor: ['exchange'],
      meaning:
        'The vendor does not check the audience: a token of the same service account for another service is accepted too. `refresh` logs it as a warning.',
      action: 'Use a service account for this registry alone.',
    },
    IMPERSONATION_DENIED: {
      hops: ['impersonation', 'exchange/assume-role', 'exchange/authorization'],
      doctor: ['impersonation', 'exchange/assume-role', 'exchange/authorization'],
      meaning:
        'The exchange succeeded, but its principal may not take the next step. Google: it may not create tokens of the service account, or that does not exist. AWS: a role of a chain may not assume the next one (`exchange/assume-role`), or may not get a token of ECR (`exchange/authorization`).',
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
        'An API is not enabled in the project that the vendor names: that of the pool, or, for a registry, of the repository. `pullpass trust apply` does not enable it.',
      example: `API_DISABLED (impersonation): Google responded with 403 "IAM Service Account Credentials API has not been used in project 123456789012 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project=123456789012 then retry. If you enabled this API recently, wait a few minutes fo…"
  expected iamcredentials.googleapis.com to be enabled in project 123456789012
  fix: an owner of project 123456789012 can enable it; it takes effect after a few minutes: gcloud services enable iamcredentials.googleapis.com --project=123456789012`,
    },
    PERIMETER_DENIED: {
      hops: ['exchange', 'impersonation', 'exchange/registry', 'registry', 'trust', 'publish'],
      doctor: ['exchange', 'impersonation', 'exchange/registry', 'registry'],
      meaning:
        'Google: a perimeter of VPC Service Controls excludes the cluster; the audit log has the reason, under the identifier in the response. Azure: the network rules of the registry or a Conditional Access policy exclude it.',
      action:
        "Request an ingress rule for the principal, or an access level for the cluster's egress addresses, from the administrator.",
      example: `PERIMETER_DENIED (impersonation): Google responded with 403 "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: Kc9mFhVgQ2v0Ij4d"
  expected VPC Service Controls to allow this request
  fix: request an ingress rule from an administrator of your organization's access policy; to find the reason, search the audit log for vpcServiceControlsUniqueIdentifier Kc9mFhVgQ2v0Ij4d; a grant or a pullpass command cannot fix it`,
    },
  },
}
