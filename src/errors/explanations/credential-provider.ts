/** Codes of the kubelet's credential provider plugin. */
import type { Section } from '../explanation.ts'

export const credentialProviderSection: Section = {
  title: 'The credential provider of a kubelet',
  introduction:
    'A kubelet writes these lines to its log, as one line (`journalctl -u kubelet | grep pullpass`); the Events of the pod show only that the pull was not authorized.',
  codes: {
    REQUEST_INVALID: {
      hops: ['run'],
      meaning:
        'Standard input is not a `CredentialProviderRequest` of `credentialprovider.kubelet.k8s.io/v1`: no kubelet started the command, or the `CredentialProviderConfig` names another `apiVersion`.',
      action: 'Set this `apiVersion` in the CredentialProviderConfig.',
    },
    TOKEN_MISSING: {
      hops: ['subject-token'],
      meaning:
        'The kubelet passed no service account token: it is older than 1.34, `tokenAttributes` is absent, or the pod is static.',
      example: `TOKEN_MISSING (subject-token): the request of the kubelet contains no service account token; expected a token, for registry google; fix: set tokenAttributes in the CredentialProviderConfig (Kubernetes 1.34 or newer), or tokenFile of the registry in the document`,
    },
    REGISTRY_NOT_CONFIGURED: {
      hops: ['document'],
      meaning:
        'No registry of the configuration serves the image, or the annotation `pullpass.dev/registry` of the ServiceAccount selects none of them.',
      action: 'Correct the annotation, or add the registry to the document of the nodes.',
    },
  },
}
