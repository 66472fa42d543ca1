/** Publishing issuer metadata, and watching what is published. */
import type { Section } from '../explanation.ts'

export const publishSection: Section = {
  title: 'Publication',
  introduction:
    'The JWKS is written before the discovery document, and each write is conditional on the state that was read. Documents that are already published remain readable.',
  codes: {
    PUBLISHED_BY_VENDOR: {
      hops: ['publish'],
      meaning: "The metadata of this issuer is already public: EKS, GKE, AKS and Gardener's managed issuer publish it.",
      action: 'Publish nothing; trust that issuer as it is, and check it with `pullpass issuer check ISSUER`.',
    },
    PUBLISH_NOT_OURS: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        'The target contains documents of another cluster (none of their keys is served by this one), of another tool (kOps, ccoctl, azwi), or other content. If only the issuer differs, `--issuer-url` is missing or differs by a slash.',
      action:
        'Correct `--issuer-url`, choose another path (one bucket can serve many clusters), or take this one over, once: `--adopt`.',
    },
    PUBLISH_CONFLICT: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        'Another writer changed the document between read and write, five times. Nothing was lost: writes are conditional.',
      action: 'Find the other process that publishes there.',
    },
    PUBLISH_CREDENTIALS_MISSING: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        "No credentials of an operator were found (Google's application default credentials, the credential chains of AWS and Azure, the pod's federated identity), or the configuration or profile (`AWS_PROFILE`) is incomplete. At AWS and Azure, the identity of the node is never used.",
      action: 'Configure one of these sources, as the line `fix` states.',
    },
    PUBLISH_DENIED: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning: 'The store or the provider denies access to the operator, or the cloud refuses the credentials.',
      action:
        'Grant access as the line `fix` states: writes only to the path of this issuer (at Azure, to its container).',
    },
    PUBLISH_TARGET_NOT_FOUND: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning: 'The bucket, container, directory or provider does not exist. pullpass does not create stores.',
      action: 'Correct its name, or create it with the command in the line `fix`.',
    },
    PUBLISH_REFUSED: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning:
        'The store refused the request for an unknown reason, or the target is unusable: a symbolic link instead of a directory, or a provider that does not accept keys.',
      action: 'Check the endpoint, and that no proxy or sign-in page intercepts the request.',
    },
    PUBLISH_UNAVAILABLE: {
      hops: ['publish'],
      doctor: ['publish'],
      meaning: 'The store is unavailable or unreachable after several attempts.',
      action: 'No action if this is temporary.',
    },
    PUBLISH_FAILED: {
      alarm: true,
      meaning: 'The metadata could not be published. The write is retried after 15 s, then less often.',
      action: 'Fix the cause, whose code is in the message.',
    },
    PUBLISHED_MISMATCH: {
      alarm: true,
      meaning: 'Anonymous clients do not read what was written.',
      action: 'Run `pullpass issuer check ISSUER`, and check caches and other servers of that URL.',
    },
    API_SERVERS_UNKNOWN: {
      alarm: true,
      meaning:
        "The EndpointSlices of Service `kubernetes` cannot be read: only the API server at the cluster's address is, and keys of others may be missed.",
      action: 'Grant `list` on EndpointSlices in namespace `default`, or name the API servers: `--replica`.',
    },
    API_SERVERS_REPLACED: {
      event: true,
      meaning:
        'No known API server responded for ten minutes: those at new addresses are now known, and their keys are published.',
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
      action: 'Fix the cause, whose code is in the message.',
    },
  },
}
