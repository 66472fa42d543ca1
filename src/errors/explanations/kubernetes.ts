/** The cluster: its API server, permissions, namespaces and the CronJob. */
import type { Section } from '../explanation.ts'

export const kubernetesSection: Section = {
  title: 'Cluster',
  introduction:
    'A namespace that fails does not affect the others. A finding at hop `schedule` is a failure only if a Secret is stale as a result.',
  codes: {
    KUBECONFIG_INVALID: {
      hops: ['kubernetes'],
      doctor: ['cluster'],
      meaning:
        'The kubeconfig (`--kubeconfig`, `KUBECONFIG`, the pod, or `~/.kube/config`, in this order) does not exist, cannot be read or is incomplete, or its identity is ambiguous: `as-groups` without `as`, a client certificate without its key, an `auth-provider` other than `oidc`, `certificate-authority` together with `insecure-skip-tls-verify`.',
      action:
        'Correct the path, or select another context with `--context NAME`; `kubectl config view` shows what kubectl reads.',
    },
    KUBERNETES_UNREACHABLE: {
      hops: ['kubernetes'],
      doctor: ['cluster', 'write'],
      meaning:
        'The API server does not respond, or only with 429 or 5xx: for two minutes, or for ten seconds if it never responded.',
      action:
        'Check address, network and proxy of the API server. If it responds to other requests, an admission webhook may not respond.',
    },
    KUBERNETES_UNAUTHENTICATED: {
      hops: ['kubernetes'],
      doctor: ['cluster'],
      meaning:
        'The API server does not accept the credential, or the credential plugin of the kubeconfig returns none. No credential is sent over `http://`; `kubectl proxy` adds its own.',
      action:
        'Check that the credential is of this cluster and has not expired: `kubectl auth whoami`. Run the credential plugin by hand.',
    },
    KUBERNETES_FORBIDDEN: {
      hops: ['kubernetes', 'publish', 'discovery'],
      doctor: ['write', 'namespace'],
      meaning: 'A permission is missing.',
      action: 'Grant the rule in the line `fix`. `pullpass manifests -f FILE` prints all rules that a document needs.',
    },
    KUBERNETES_REFUSED: {
      hops: ['kubernetes'],
      doctor: ['write', 'service-account'],
      meaning:
        'The permission exists, but an admission policy, a webhook, or a ConfigMap that is `immutable` refuses the request.',
      action: 'Exempt what pullpass writes from the policy or webhook that the error names.',
    },
    KUBERNETES_QUOTA_EXCEEDED: {
      hops: ['kubernetes'],
      doctor: ['write'],
      meaning: 'A ResourceQuota of the namespace permits no further Secret. An existing Secret is still refreshed.',
      action: 'Raise the quota, or delete unused objects.',
    },
    ADMISSION_UNAVAILABLE: {
      hops: ['kubernetes'],
      doctor: ['write', 'service-account'],
      meaning:
        'An admission webhook with `failurePolicy: Fail` did not respond, so the API server refuses the request.',
      action: 'Restore the webhook, or exclude what pullpass writes from its rules.',
    },
    DRY_RUN_UNSUPPORTED: {
      hops: ['kubernetes'],
      doctor: ['write'],
      meaning: 'An admission webhook with side effects does not support dry runs.',
      action: 'No action: only dry runs are refused, real writes can succeed.',
    },
    OBJECT_TOO_LARGE: {
      hops: ['kubernetes'],
      doctor: ['write', 'publish'],
      meaning:
        'An object exceeds the size limit of etcd (1.5 MiB) or of its kind (1 MiB of data), often because of labels, annotations or entries of another client, and is not changed. A pull secret can contain about 36 hosts with the longest tokens of Google.',
      action:
        'Remove these entries (for the key state, by the command in the line `fix`), or distribute the hosts over several documents.',
    },
    PERMISSION_MISSING: {
      doctor: ['rights'],
      meaning: 'A refresh lacks a permission; a warning if it is unknown whether the account runs refreshes.',
      action: 'Install the manifests again (`pullpass manifests -f FILE`), or grant the rule that is printed.',
    },
    NAMESPACE_NOT_FOUND: {
      hops: ['kubernetes'],
      doctor: ['namespace', 'write'],
      status: true,
      meaning: 'A document names a namespace that does not exist.',
      action: 'Correct the name, or create the namespace.',
    },
    NAMESPACES_EMPTY: {
      hops: ['kubernetes'],
      doctor: ['namespace'],
      meaning: 'The globs or the selector of a document match no namespace.',
      action:
        'Correct the globs or the selector. If namespaces are created later: `spec.namespaces.emptyPolicy: Allow`, or `--allow-empty`.',
    },
    NAMESPACE_NOT_SELECTED: {
      doctor: ['namespace'],
      meaning: 'No document selects the namespace of `--namespace` or `--pod`.',
      action: 'Add it to `spec.namespaces` of a document.',
    },
    NAMESPACE_TERMINATING: {
      doctor: ['namespace'],
      meaning: 'The namespace is being deleted, and is skipped.',
    },
    GLOB_UNMATCHED: {
      doctor: ['namespace'],
      meaning: 'A glob of a document matches no namespace.',
      action: 'Correct or remove it, unless namespaces are created later.',
    },
    REFRESH_SUSPENDED: {
      doctor: ['schedule'],
      meaning: 'The CronJob of `pullpass manifests` is suspended, or the Deployment of the controller has no replicas.',
      action: 'Resume it: set `spec.suspend: false`, or `spec.replicas: 2`.',
    },
    REFRESH_IMAGE_NOT_PULLED: {
      doctor: ['schedule'],
      meaning: 'The newest pod of the CronJob, or of the controller, waits for its own image.',
      action: 'Correct the image, or provide a pull secret for it.',
    },
    REFRESH_TWICE: {
      doctor: ['schedule'],
      meaning:
        'The CronJob and the controller of one namespace both refresh, or controllers of several namespaces run in the cluster. With the same documents, the second one finds nothing to do. With custom resources and different permissions, each writes its own status over that of the other.',
      action: 'Delete one of them, if both are for the same documents or custom resources.',
    },
    CONTROLLER_NOT_READY: {
      doctor: ['schedule'],
      meaning: 'No replica of the controller is ready.',
      action: 'Read its log: it states what it may not watch, or why it does not start.',
    },
    CONTROLLER_NOT_LEADING: {
      doctor: ['schedule'],
      meaning: 'Replicas of the controller are ready, and none has renewed the Lease for 90 s.',
      action: 'Read its log: it states why the Lease cannot be renewed. Compare the clocks.',
    },
  },
}
