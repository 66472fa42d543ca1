/**
 * Audiences that API servers accept: a token with one of them acts in the cluster. The default is the issuer; distributions add
 * `https://kubernetes.default.svc.cluster.local`, k3s and RKE2 their names.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
export const isApiServerAudience = (audience: string): boolean => apiServer.test(audience)

const apiServer = /^(?:k3s|rke2|(?:https:\/\/)?kubernetes(?:\.default\.svc\.|(?:\.default(?:\.svc)?)?(?:[:/]|$)).*)$/s
