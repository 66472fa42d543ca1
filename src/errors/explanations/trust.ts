/** The cloud IAM resources that `pullpass trust` creates and verifies. */
import type { Section } from '../explanation.ts'

export const trustSection: Section = {
  title: 'Trust',
  introduction:
    'Errors of [`pullpass trust`](trust.md), with exit code 1. The next run continues where this one ended.',
  codes: {
    TRUST_CREDENTIALS_MISSING: {
      hops: ['trust'],
      meaning:
        'No credentials of an operator were found. The identity of a pod or node is not used unless it is configured.',
      example: `TRUST_CREDENTIALS_MISSING (trust): no credentials for Google were found: GOOGLE_APPLICATION_CREDENTIALS is not set, /home/operator/.config/gcloud/application_default_credentials.json does not exist, and no metadata server responds
  expected the operator's credentials in one of these places
  fix: in a pod set GOOGLE_APPLICATION_CREDENTIALS to the file of gcloud iam workload-identity-pools create-cred-config; on a Google Cloud machine attach a service account; on your machine: gcloud auth application-default login`,
    },
    TRUST_DENIED: {
      hops: ['trust'],
      meaning:
        'The cloud denies a permission, which the error names with the narrowest role that contains it. Other resources are created.',
      example: `TRUST_DENIED (trust): Google responded with 403 "Permission 'iam.workloadIdentityPools.get' denied on resource '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool' (or it may not exist)."
  expected the operator to have iam.workloadIdentityPools.get, which roles/iam.workloadIdentityPoolAdmin contains
  fix: grant it, and run it again, it continues where it ended (PRINCIPAL: the principal of your credentials in their pool): gcloud projects add-iam-policy-binding 123456789012 --role=roles/iam.workloadIdentityPoolAdmin --member="\${PRINCIPAL:?}" --condition=None`,
    },
    TRUST_NOT_FOUND: {
      hops: ['trust'],
      meaning: 'A resource that a change depends on was deleted meanwhile, or is new and not available yet.',
      example: `TRUST_NOT_FOUND (trust): Google responded with 404 "Requested entity was not found."
  expected the resources that this change requires to exist
  fix: run it again: it may have just been deleted; to show what exists: pullpass trust plan -f "\${DOCUMENTS:?}"`,
    },
    TRUST_REFUSED: {
      hops: ['trust'],
      meaning:
        'An existing resource differs from the document, and is not changed: another issuer or condition, a disabled resource, a repository that does not exist.',
      action: 'Find out what uses it before you pass `--replace`: another cluster may depend on it.',
      example: `TRUST_REFUSED (trust): provider projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster exists, but its issuer is https://other.example.com, not https://cluster.example.com
  expected a resource as the document requires, or another id
  fix: it was not changed; to replace it: --replace issuer`,
    },
    TRUST_DOMAIN_SHARED: {
      hops: ['trust'],
      meaning:
        'ServiceAccounts of other clusters are the same principal: at Google the pool has providers of them, at AWS pullpass created the role for another cluster, at Azure they sign in as the identity too.',
      action:
        'Use a pool, role or identity for each cluster: [several clusters](trust.md#several-clusters). `--share-trust-domain` accepts it.',
      example: `TRUST_DOMAIN_SHARED (trust): pool projects/123456789012/locations/global/workloadIdentityPools/pool is shared by https://storage.googleapis.com/example-cluster and others: provider dev-1 (issuer https://dev-1.example.com) accepts tokens of every service account of its cluster, system:serviceaccount:image-system:pullpass among them
  expected a pool for each cluster: a principal names its pool and not its provider, so the service account of the same name in the other cluster has the same permissions: it can pull these images and write what this one may write, such as published keys
  fix: set another pool in gcp.workloadIdentityProvider; or, if these clusters may have the same permissions, accept it: --share-trust-domain`,
    },
    TRUST_CONFLICT: {
      hops: ['trust'],
      meaning: 'Other writers changed the same policy between read and write, eight times.',
      example: `TRUST_CONFLICT (trust): the policy of puller@example-project.iam.gserviceaccount.com was changed by other writers between each read and write, 8 times
  expected no concurrent changes while roles/iam.workloadIdentityUser on puller@example-project.iam.gserviceaccount.com for principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass is changed
  fix: find the other writer in the audit log, then run it again`,
    },
    TRUST_POLICY_FULL: {
      hops: ['trust'],
      meaning: 'The policy has reached the maximum number of members. Reported before anything is written.',
      example: `TRUST_POLICY_FULL (trust): the policy of puller@example-project.iam.gserviceaccount.com has 1500 members, so roles/iam.workloadIdentityUser on puller@example-project.iam.gserviceaccount.com for principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass cannot be added
  expected fewer than 1500 members, each occurrence counted
  fix: grant to a group or to a principalSet instead of many members, or remove unused members`,
    },
    TRUST_OPERATION_FAILED: {
      hops: ['trust'],
      meaning: 'The cloud accepted the change, but did not complete it.',
      example: `TRUST_OPERATION_FAILED (trust): Google's operation projects/123456789012/locations/global/workloadIdentityPools/images/operations/b4f0c1d2e3 failed: "Internal error encountered."
  expected it to succeed
  fix: run it again: it continues where it ended`,
    },
    TRUST_OPERATION_UNFINISHED: {
      hops: ['trust'],
      meaning: 'The cloud accepted the change and has not completed it after two minutes.',
      example: `TRUST_OPERATION_UNFINISHED (trust): Google's operation projects/123456789012/locations/global/workloadIdentityPools/images/operations/b4f0c1d2e3 is not done after 120 s
  expected the operation to end: most take a few seconds
  fix: run it again: it continues where it ended`,
    },
    TRUST_UNAVAILABLE: {
      hops: ['trust'],
      meaning: 'The cloud is unavailable or unreachable after four attempts.',
      example: `TRUST_UNAVAILABLE (trust): Google responded with 503 "The service is currently unavailable."
  expected a response
  fix: no action if this is temporary: run the command again, and it continues where it ended`,
    },
    TRUST_UNVERIFIED: {
      hops: ['trust'],
      meaning:
        'All resources exist and a credential was issued, but the registry still denies access at the end of `--timeout`.',
      example: `TRUST_UNVERIFIED (trust): europe-docker.pkg.dev does not let registry google of ClusterPullSecret/regcred in cluster https://storage.googleapis.com/example-cluster read example-project/images/pullpass-verification: 403 "DENIED: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)"
  expected the credential that was just minted to read projects/example-project/locations/europe/repositories/images
  fix: a new grant takes minutes to take effect: run it again; if it remains, check that the hosts of the registry are those of the repository`,
    },
  },
}
