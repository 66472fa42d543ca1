/** Publishing issuer metadata, and watching what is published. */
import type { Section } from '../explanation.ts'

export const publishSection: Section = {
  title: 'Publication',
  introduction:
    'The exit code of an error is 1. The JWKS is written before the discovery document, and each write is conditional on the state that was read. Documents that are already published remain readable.',
  codes: {
    PUBLISHED_BY_VENDOR: {
      hops: ['publish'],
      meaning: "The metadata of this issuer is already public: EKS, GKE, AKS and Gardener's managed issuer publish it.",
      example: `PUBLISHED_BY_VENDOR (publish): the cluster's issuer is https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF: EKS publishes its documents, and updates them
  expected a cluster whose issuer is its own
  fix: there is nothing to publish; trust that issuer as it is, and check it: pullpass issuer check https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF`,
    },
    PUBLISH_NOT_OURS: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        'The target contains documents of another cluster (none of their keys is served by this one), of another tool (kOps, ccoctl, azwi), or other content. If only the issuer differs, `--issuer-url` is missing or differs by a slash: the line `fix` contains the published issuer.',
      example: `PUBLISH_NOT_OURS (publish): public has the discovery document of issuer "https://storage.googleapis.com/example-issuer/cluster-2"; it was left unchanged
  expected this cluster's own documents, or none
  fix: choose another path, since one bucket can serve many clusters; or take over this one, once: --adopt`,
    },
    PUBLISH_CONFLICT: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        'Another writer changed the document between read and write, five times. Nothing was lost: writes are conditional.',
      example: `PUBLISH_CONFLICT (publish): another writer changed public between each read and write, 5 times
  expected one writer at a time
  fix: check which other process publishes there; pullpass merges its keys into theirs and never undoes their changes`,
    },
    PUBLISH_CREDENTIALS_MISSING: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        "No credentials of an operator were found (Google's application default credentials, the credential chains of AWS and Azure, the pod's federated identity), or the configuration or profile (`AWS_PROFILE`) is incomplete. The identity of the node is never used for AWS and Azure.",
      example: `PUBLISH_CREDENTIALS_MISSING (publish): no credentials for Google were found: GOOGLE_APPLICATION_CREDENTIALS is not set, /home/operator/.config/gcloud/application_default_credentials.json does not exist, and no metadata server responds
  expected the operator's credentials in one of these places
  fix: in a pod set GOOGLE_APPLICATION_CREDENTIALS to the file of gcloud iam workload-identity-pools create-cred-config; on a Google Cloud machine attach a service account; on your machine: gcloud auth application-default login`,
    },
    PUBLISH_DENIED: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning: 'The store or the provider denies access to the operator, or the cloud refuses the credentials.',
      action:
        "Grant access with the command in the line `fix`, which covers only the path of this issuer; OPERATOR is the principal in the vendor's message.",
      example: `PUBLISH_DENIED (publish): Google responded with 403 "principal://iam.googleapis.com/projects/210987654321/locations/global/workloadIdentityPools/operators/subject/operator@example.com does not have storage.objects.get access to the Google Cloud Storage object. Permission 'storage.objects.get' denied on resource (or it may not exist)." on reading gs://example-issuer/cluster-1
  expected read and write permission for the operator
  fix: allow public reads, and writes by the operator (PRINCIPAL: the principal of your credentials in their pool): gcloud storage buckets add-iam-policy-binding gs://example-issuer --role=roles/storage.objectViewer --member=allUsers --condition=None && gcloud storage buckets add-iam-policy-binding gs://example-issuer --role=roles/storage.objectUser --member="\${PRINCIPAL:?}" '--condition=title=issuer-path,expression=resource.name.startsWith("projects/_/buckets/example-issuer/objects/cluster-1/")'`,
    },
    PUBLISH_TARGET_NOT_FOUND: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning: 'The bucket, container, directory or provider does not exist. pullpass does not create stores.',
      example: `PUBLISH_TARGET_NOT_FOUND (publish): Google responded with 404 "The specified bucket does not exist." on reading gs://example-isuer/cluster-1
  expected it to exist: pullpass does not create buckets
  fix: create it in your project, PROJECT_ID, and allow public reads: gcloud storage buckets create gs://example-isuer --project="\${PROJECT_ID:?}" --uniform-bucket-level-access && gcloud storage buckets add-iam-policy-binding gs://example-isuer --role=roles/storage.objectViewer --member=allUsers --condition=None`,
    },
    PUBLISH_REFUSED: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        'The store refused the request for an unknown reason, or the target is unusable: a symbolic link instead of a directory, or a provider that does not accept keys.',
      example: `PUBLISH_REFUSED (publish): Google responded with 405 on reading gs://example-cluster
  expected the request to be accepted
  fix: check the endpoint, and that no proxy or sign-in page intercepts the request`,
    },
    PUBLISH_UNAVAILABLE: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning: 'The store is unavailable or unreachable after several attempts.',
      example: `PUBLISH_UNAVAILABLE (publish): Google responded with 503 on reading gs://example-cluster
  expected a response
  fix: no action if this is temporary; published documents are not changed`,
    },
    PUBLISH_FAILED: {
      alarm: true,
      meaning:
        'The metadata could not be published. Published documents are not changed, and the write is retried after 15 s, then less often.',
      action: 'Fix the cause: the message of the alarm contains its code.',
    },
    PUBLISHED_MISMATCH: {
      alarm: true,
      meaning: 'Anonymous clients do not read what was written.',
      action: 'Run `pullpass issuer check ISSUER`, and check caches and other servers of that URL.',
    },
    API_SERVERS_UNKNOWN: {
      alarm: true,
      meaning:
        "The EndpointSlices of Service `kubernetes` cannot be read: only the API server at the cluster's address is read, and keys of others may be missed.",
      action: 'Grant `list` on EndpointSlices in namespace `default`, or name the API servers: `--replica`.',
    },
    API_SERVERS_REPLACED: {
      event: true,
      meaning:
        'No known API server responded for ten minutes: those at new addresses became known, and their keys are published.',
      action:
        'Compare the addresses with those of the control-plane nodes; if they differ, check who may write EndpointSlices in namespace `default`.',
    },
    API_SERVER_UNREADABLE: {
      alarm: true,
      meaning: 'An API server returned no metadata, or no key. Its keys stay as they were.',
      action: 'Check that API server.',
    },
    AUTHORITY_CHANGED: {
      alarm: true,
      meaning:
        'The CA bundle that authenticates API servers changed: a CA was [added or removed](issuer.md#which-api-servers-publish-a-key), or there were several when they were first recorded.',
      action:
        'Compare the fingerprints with the CA of a control-plane node, and accept the correct ones with `--accept-ca`.',
    },
    REVOCATION_REMOVED: {
      alarm: true,
      meaning: 'A revocation was removed from the ConfigMap, or changed. It remains in effect and was restored.',
      action: 'Check who may write the ConfigMap.',
    },
    KEY_STATE_UNREADABLE: {
      alarm: true,
      meaning:
        'The ConfigMap with the key state cannot be read. Until it was read once, no key is published, since it may be revoked.',
      action: 'Grant `get` on that ConfigMap.',
    },
    KEY_STATE_UNWRITABLE: {
      alarm: true,
      meaning:
        'The ConfigMap with the key state cannot be written, or is nearly full: changes that are not stored are lost at a restart, and a revocation may fail.',
      action: 'Fix the cause: the message of the alarm contains its code.',
    },
  },
}
