/** Registries and image pulls, as `doctor` and kubelets find them. */
import type { Section } from '../explanation.ts'

export const registrySection: Section = {
  title: 'Registries and image pulls',
  introduction:
    'Findings of [`pullpass doctor`](doctor.md): at hop `registry` for a newly issued credential, at `stored-credential` for the credential in the Secret, at `events` from messages of the kubelet.',
  codes: {
    REGISTRY_DENIED: {
      hops: ['exchange/registry', 'exchange/repository'],
      doctor: ['registry', 'exchange/registry', 'exchange/repository'],
      meaning:
        '403: the credential may not read the repository. At a hop of an exchange: the registry issues no credential to the identity, or none for a repository of the document.',
      action: 'Grant the role to read it, with the command that is printed, or `pullpass trust apply -f FILE`.',
    },
    REGISTRY_CREDENTIAL_REFUSED: {
      doctor: ['registry'],
      meaning: '401: the registry refuses a credential that was just issued.',
      action: 'Check that the hosts of the registry belong to its vendor.',
    },
    REGISTRY_THROTTLED: {
      doctor: ['registry', 'events'],
      meaning: '429: the registry limits the rate of requests.',
      action: 'Wait, or request a higher quota.',
    },
    REGISTRY_UNAVAILABLE: {
      doctor: ['registry', 'events'],
      meaning: 'The registry returns a server error (5xx).',
      action: 'Wait, or contact its operator.',
    },
    REGISTRY_UNREACHABLE: {
      doctor: ['registry', 'events'],
      meaning: 'The registry does not respond to `doctor` or, at hop `events`, to the node.',
      action: 'Check DNS, routes, firewalls and the proxy; for a node, the proxy of its container runtime.',
    },
    REGISTRY_PLAIN_HTTP: {
      doctor: ['registry', 'events'],
      meaning: 'The registry speaks plain HTTP where https is expected.',
      action:
        'Serve the registry by https. If the nodes are configured for plain HTTP, pass `--plain-http HOST[:PORT]`.',
    },
    REGISTRY_RESPONSE_UNEXPECTED: {
      doctor: ['registry'],
      meaning: 'The response is not from a registry: a sign-in page, for example.',
      action: 'Check the host, and that no proxy or sign-in page intercepts the request.',
    },
    AUTHORIZATION_DROPPED: {
      doctor: ['registry'],
      meaning:
        'The registry responds as if no credential was sent: a proxy, mirror or ingress may remove the Authorization header.',
      action: 'Configure what is in front of the registry to forward the header.',
    },
    REPOSITORY_UNKNOWN: {
      doctor: ['registry'],
      meaning: 'The registry accepts the credential, but the repository does not exist.',
      action: "Correct the image's name, or push the image.",
    },
    MANIFEST_UNKNOWN: {
      doctor: ['registry', 'events'],
      meaning: 'The tag or digest does not exist in the registry.',
      action: "Correct the image's tag or digest, or push the image.",
    },
    IMAGE_PUBLIC: {
      doctor: ['registry', 'stored-credential'],
      meaning: 'The image can be pulled without a credential.',
    },
    IMAGE_NOT_MATCHED: {
      doctor: ['registry', 'secret'],
      inspect: true,
      meaning: 'No host of the documents, or no key of the Secret, matches the image by the rules of the kubelet.',
      action: "Add the host to a registry of the document, or correct the image's name.",
    },
    IMAGE_NAME_INVALID: {
      doctor: ['events'],
      meaning: "The kubelet cannot parse the image's name.",
      action: 'Correct the image of the container.',
    },
    IMAGE_NEVER_PULLED: {
      doctor: ['events'],
      meaning: '`imagePullPolicy` is `Never`, and the node does not have the image.',
      action: 'Set `imagePullPolicy: IfNotPresent`, or load the image on the node.',
    },
    IMAGE_SIGNATURE_REFUSED: {
      doctor: ['events'],
      meaning: 'The policy of the node requires a signature that the image does not have.',
      action: "Sign the image, or change the node's signature policy.",
    },
    IMAGE_PLATFORM_MISSING: {
      doctor: ['events'],
      meaning: 'The image does not exist for the operating system and architecture of the node.',
      action: 'Build and push it for that platform, or run the pod on other nodes.',
    },
    IMAGE_INCOMPLETE: {
      doctor: ['events'],
      meaning: 'The registry lacks a layer that the manifest of the image names.',
      action: 'Push the image again.',
    },
    NODE_STORE_DAMAGED: {
      doctor: ['events'],
      meaning: 'The copy of the image on the node is damaged.',
      action: 'Remove it on the node: `crictl rmi IMAGE`.',
    },
    NODE_DISK_FULL: {
      doctor: ['events'],
      meaning: 'The node has no disk space for the image, evicted the pod for that reason, or does not admit pods.',
      action: 'Free disk space on the node, or enlarge its disk.',
    },
    PULL_FAILED: {
      doctor: ['events'],
      meaning: 'A container waits for its image; the message of the kubelet is quoted.',
      action: 'See the earlier hops, which check the credential that the kubelet uses.',
    },
    PULL_BACK_OFF: {
      doctor: ['back-off'],
      meaning: 'No cause remains, but the kubelet has not retried yet.',
      action: 'Delete the pod, or wait: the kubelet retries within 5 minutes.',
    },
  },
}
