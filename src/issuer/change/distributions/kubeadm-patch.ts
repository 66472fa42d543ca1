/**
 * A second issuer where kubeadm's own form takes one alone (kubeadm#1601, #2735): a patch of the static pod adds it.
 * https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches
 */

/** The name says what it patches, and that it is a JSON patch. */
export const patchFile = 'kube-apiserver0+json.yaml'

/** The argument stands after those of kubeadm: the issuer that it names is accepted, and signs nothing. */
export const patchText = (issuer: string): string =>
  ['- op: add', '  path: /spec/containers/0/command/-', `  value: --service-account-issuer=${issuer}`].join('\n')
