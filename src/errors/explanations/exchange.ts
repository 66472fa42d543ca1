/** The exchange of a subject token at the vendor: what each code means and what to do. */
import type { Section } from '../explanation.ts'

export const exchangeSection: Section = {
  title: 'Exchange',
  introduction: 'The vendor refused the subject token, or did not respond.',
  codes: {
    AUDIENCE_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        "The token's audience is not among the allowed audiences of the provider (at AWS: client ids; at Azure: that of the federated credential).",
      action: 'If the provider has allowed audiences, set one of them as `audience` of the registry.',
    },
    ISSUER_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The provider trusts a different issuer (Google: `does not match the expected one in config`). Issuers are compared character by character, including a trailing slash.',
      action:
        'Set the issuer of the provider to that of the cluster (`pullpass trust apply -f FILE --replace issuer`), or change the issuer of the cluster.',
    },
    SIGNATURE_INVALID: {
      hops: ['exchange'],
      doctor: ['signature', 'exchange'],
      issuerCheck: true,
      meaning:
        'The published or uploaded key with the kid of the token did not sign it: the keys are not those of the cluster.',
      action:
        "Publish the cluster's current JWKS, or upload it to the provider again; `kubectl get --raw /openid/v1/jwks` prints it.",
    },
    ISSUER_UNREACHABLE: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        "The vendor cannot read the issuer metadata (Google: `Error connecting to the given credential's issuer`), or does not find the key of the token in it, possibly in a cached copy.",
      action:
        'Publish the metadata, also after each key rotation, before a new key signs; check with `pullpass issuer check ISSUER`. For an issuer inside a private network, upload the JWKS to the provider. A revoked key is never published again: sign with another one.',
    },
    KEY_PUBLISHED_RECENTLY: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The vendor refused a token whose key was published recently: for up to `max-age` (300 seconds) it may use a cached copy. Google reports the same if it cannot read the issuer. A pull secret that is valid for ten minutes after that time is kept without a failure.',
      action:
        'Wait until the time in the error. To avoid it, [sign with a new key only when it is safe](issuer.md#rotate-signing-keys).',
    },
    CONDITION_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The provider trusts the issuer, but not this ServiceAccount. Google: its attribute condition excludes it (`The given credential is rejected by the attribute condition`). AWS: the trust policy of the role does not allow subject and audience, or the role does not exist. Tencent Cloud: the trust policy does not allow the subject. Azure: no federated credential of the identity has the subject.',
      action:
        '`pullpass trust apply -f FILE` adds the subject; a condition of another form than `assertion.sub in [...]` is replaced with `--replace condition`.',
    },
    PROVIDER_NOT_FOUND: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'What the document names at the vendor does not exist, is disabled, or was deleted. Google: a pool or provider (`The target service indicated by the "audience" parameters is invalid`), often with the project\'s id instead of its number; a deleted one keeps its name for 30 days. Azure: a tenant, an application, or its federated credential.',
      action: 'Correct the name, or create the provider: `pullpass trust apply -f FILE`.',
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
        'Too many exchanges in this project, after several attempts. A run needs one for each identity and registry, regardless of the number of namespaces. In the status of a PullSecret with the reason ExchangesLimited: settings of PullSecrets in its namespace were changed too often, and the message has the time of the next exchange; or too many credentials of the namespace are valid for less than ten minutes.',
      action: 'No action if this is temporary; otherwise raise the quota, or stop the changes.',
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
      doctor: ['exchange', 'exchange/authorization', 'impersonation'],
      meaning:
        'The vendor refused the request for an unknown reason; its message is quoted. At hop `impersonation`, the usual cause is a `lifetime` that the organization does not permit.',
      action: 'Check the endpoint, and that no proxy or sign-in page intercepts the request.',
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
      action: 'No action if this is temporary: the next run retries. In a cluster, check NetworkPolicies and DNS.',
    },
    CREDENTIAL_SOURCE_INVALID: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The Secret or file of a password, client secret or key does not exist, cannot be read, or does not contain it. The earlier entry of the pull secret stays.',
      action:
        'Create it, or correct its name and key in the document. `pullpass manifests -f FILE` prints the permission to read this Secret.',
    },
    CLIENT_REFUSED: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        'The token service does not accept the client: its id, secret or key is not the registered one, or it must authenticate with another method.',
      action: "Correct the registry's `clientAuthentication`: method, client id, and its secret or key.",
    },
    CREDENTIAL_SHORT_LIVED: {
      hops: ['exchange'],
      doctor: ['exchange', 'impersonation'],
      meaning:
        'The credential expires within ten minutes, so a CronJob cannot replace it in time: a warning in the log of `refresh` and `controller`. The controller does not use one that expires within a minute: it would be refreshed in a loop.',
      action:
        'Set a longer lifetime, in the document (`lifetime`) or at the vendor: for JFrog `expires_in` of the identity mapping (default: 60 seconds), which `pullpass trust apply` sets; for `oidc` and `http` that of access tokens, up to `maxLifetime`.',
    },
    AUDIENCE_UNCHECKED: {
      doctor: ['exchange'],
      meaning:
        'The vendor does not check the audience: it also accepts a token of the same service account for another service. `refresh` logs a warning.',
      action: 'Use a service account for this registry alone.',
    },
    IMPERSONATION_DENIED: {
      hops: ['impersonation', 'exchange/assume-role', 'exchange/authorization'],
      doctor: ['impersonation', 'exchange/assume-role', 'exchange/authorization'],
      meaning:
        'The exchange succeeded, but its principal may not take the next step. Google: it may not create tokens of the service account, or that does not exist. AWS: a role of a chain may not assume the next one (`exchange/assume-role`), or may not get a token of ECR (`exchange/authorization`). Alibaba Cloud, Tencent Cloud: the role may not get a token of the instance (`exchange/authorization`).',
      action: '`pullpass trust apply -f FILE` grants it, too.',
      example: `IMPERSONATION_DENIED (impersonation): Google responded with 403 "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
  expected principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass to have roles/iam.workloadIdentityUser on puller@example-project.iam.gserviceaccount.com
  fix: a new grant takes up to 5 minutes to take effect; without a grant: gcloud iam service-accounts add-iam-policy-binding puller@example-project.iam.gserviceaccount.com --project=example-project --role=roles/iam.workloadIdentityUser --member=principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass --condition=None`,
    },
    API_DISABLED: {
      hops: ['exchange', 'impersonation', 'registry', 'trust', 'publish'],
      doctor: ['exchange', 'impersonation', 'registry'],
      meaning:
        'An API is not enabled in the project of the pool, or, for a registry, of the repository. `pullpass trust apply` does not enable it.',
      action:
        'An owner of the project can enable it with the command in the line `fix`; it takes effect after a few minutes.',
    },
    PERIMETER_DENIED: {
      hops: ['exchange', 'impersonation', 'exchange/registry', 'registry', 'trust', 'publish'],
      doctor: ['exchange', 'impersonation', 'exchange/registry', 'registry'],
      meaning:
        'Google: a perimeter of VPC Service Controls excludes the cluster; the audit log has the reason, under the identifier in the response. Azure: the network rules of the registry or a Conditional Access policy exclude it.',
      action:
        "Request an ingress rule for the principal, or an access level for the cluster's egress addresses, from an administrator. A grant cannot fix it.",
    },
  },
}
