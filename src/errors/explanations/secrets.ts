/** Pull secrets, the service accounts that name them, and pods. */
import type { Section } from '../explanation.ts'

export const secretsSection: Section = {
  title: 'Pull secrets, service accounts and pods',
  introduction: 'Pull secrets, and what refers to them.',
  codes: {
    SECRET_NOT_FOUND: {
      hops: ['kubernetes'],
      doctor: ['secret'],
      status: true,
      meaning: 'The pull secret does not exist.',
      action:
        'Refresh: `pullpass refresh -f FILE`. With the controller, see its log: it writes the Secret immediately. Of a document with `stuckPods: Evict` only the controller writes it.',
    },
    SECRET_NOT_OURS: {
      hops: ['kubernetes'],
      doctor: ['secret', 'write'],
      status: true,
      meaning:
        'The Secret exists, but pullpass did not create it for this document, so it is not overwritten.\n\nIf another document of pullpass wrote it, remove that document first, then run the printed command. A change from the [variables](document.md#the-drop-in-variables) to a document needs no move: a `ClusterPullSecret` for the same Secret takes it over when it is due.',
      action:
        'Choose another `spec.secretName`, or take the Secret over: once with `--adopt`, or with `spec.conflictPolicy: Adopt`. The field takes over Secrets of other software; in the controller also those of documents that are not in use any more. To replace the usual script: [guide](guides/migrate-from-script.md).',
    },
    SECRET_CONFLICT: {
      hops: ['kubernetes'],
      doctor: ['write'],
      meaning: 'Another client changed the Secret each time before pullpass wrote it.',
      action: 'Find the other writers: `kubectl get secret NAME -o yaml --show-managed-fields`.',
    },
    SECRET_TYPE_WRONG: {
      hops: ['kubernetes'],
      doctor: ['secret', 'write'],
      inspect: true,
      meaning:
        'The Secret has another type, which cannot be changed. pullpass does not delete it, even with `--adopt`.',
      action: 'Choose another `spec.secretName`, or delete this Secret if nothing needs it.',
    },
    SECRET_IMMUTABLE: {
      hops: ['kubernetes'],
      doctor: ['secret', 'write'],
      meaning:
        'The Secret has `immutable: true`: neither its data nor that field can be changed. pullpass does not delete it.',
      action: 'Delete it: the next refresh creates it again.',
    },
    SECRET_EXPIRED: {
      doctor: ['secret'],
      inspect: true,
      status: true,
      meaning: 'The credential in the Secret has expired: it was not refreshed in time.',
      action: 'Find out why it is not refreshed: `pullpass doctor -f FILE`.',
    },
    REFRESH_OVERDUE: {
      status: true,
      meaning: 'Five sixths of the lifetime of a credential have passed; a refresh is due after two thirds.',
      action: 'Find out why it is not refreshed: `pullpass doctor -f FILE`.',
    },
    SECRET_OUTDATED: {
      doctor: ['secret'],
      meaning: 'The document was changed since the Secret was written.',
      action: 'Refresh.',
    },
    SECRET_EDITED: {
      doctor: ['secret'],
      status: true,
      meaning:
        'Another client changed the Secret, or it is a copy of another Secret (in `status` a copy is no problem).',
      action: 'Refresh, which restores the Secret.',
    },
    SECRET_MALFORMED: {
      doctor: ['secret'],
      inspect: true,
      meaning: 'Kubelets cannot parse the Secret, and pods that refer to it cannot pull any image.',
      action: 'Refresh, which restores the Secret.',
    },
    SECRET_TERMINATING: {
      doctor: ['secret'],
      meaning: 'The Secret is being deleted, and a finalizer delays it.',
      action: 'Check why the owner of the finalizer does not remove it.',
    },
    SECRET_MUTATED: {
      doctor: ['write'],
      meaning: 'A mutating webhook or policy changes the Secret that a refresh writes. Candidate webhooks are named.',
      action: 'Exclude the Secrets of pullpass from that webhook.',
    },
    STORED_CREDENTIAL_REFUSED: {
      doctor: ['stored-credential'],
      meaning: 'The Secret is well-formed, but the registry refuses its credential.',
      action: 'Refresh.',
    },
    SERVICE_ACCOUNT_NOT_FOUND: {
      doctor: ['service-account'],
      meaning: '`attachToServiceAccounts` names a ServiceAccount that does not exist.',
      action: 'Create it, or remove it from the document.',
    },
    SERVICE_ACCOUNT_NOT_ATTACHED: {
      doctor: ['service-account'],
      meaning: 'The ServiceAccount does not refer to the Secret, so its new pods pull without the Secret.',
      action: 'Refresh: `pullpass refresh -f FILE`. With the controller, see its log.',
    },
    POD_NOT_FOUND: {
      doctor: ['pod'],
      meaning: 'The pod does not exist.',
      action: 'Correct the value of `--pod`.',
    },
    POD_SECRET_MISSING: {
      doctor: ['pod'],
      meaning: '`imagePullSecrets` of the pod does not contain the Secret.',
      action: 'Add the Secret to the pod template, or set `attachToServiceAccounts`, and recreate the pod.',
    },
    POD_OLDER_THAN_ATTACHMENT: {
      doctor: ['pod'],
      meaning:
        'The pod was created before its ServiceAccount referred to the Secret. `imagePullSecrets` of an existing pod cannot change.',
      action: 'Delete the pod; its controller creates a new one.',
    },
    OTHER_SECRET_MALFORMED: {
      doctor: ['pod-secrets'],
      meaning: 'Another pull secret of the pod cannot be parsed, so none of its images can be pulled.',
      action: 'Correct or remove it.',
    },
    OTHER_SECRET_NOT_FOUND: {
      doctor: ['pod-secrets'],
      meaning: 'Another pull secret of the pod does not exist. Kubelets ignore it.',
      action: 'Create it, or remove the reference.',
    },
    OTHER_SECRET_SHADOWS: {
      doctor: ['pod-secrets'],
      meaning:
        "For Docker Hub, the kubelet uses another pull secret of the pod instead of the document's, and it is refused.",
      action: 'Remove or correct it.',
    },
  },
}
