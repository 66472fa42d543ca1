/**
 * Who refused a request beside the API server itself, by its words: the only place that reads them. A Status names nobody
 * in a field of its own.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */

export interface Refuser {
  /**
   * `webhook in dry runs`: it acts on what it sees, so that the API server asks it in no dry run, and refuses that.
   * `webhook down`: it could not be asked, or did not answer in time.
   */
  readonly kind: 'policy' | 'webhook' | 'webhook in dry runs' | 'webhook down' | 'quota'
  readonly name: string
}

/** Names are bounded, as are the words that are read. */
const patterns: readonly (readonly [Refuser['kind'], RegExp])[] = [
  ['webhook in dry runs', /admission webhook "([^"]{1,253})" does not support dry run/],
  ['webhook down', /failed calling webhook "([^"]{1,253})"/],
  ['webhook', /admission webhook "([^"]{1,253})" denied the request/],
  ['policy', /ValidatingAdmissionPolicy '([^']{1,253})'/],
  ['quota', /exceeded quota: ([a-z0-9.-]{1,253}),/],
]

const longest = 4096

export function parseRefuser(message: string): Refuser | undefined {
  const words = message.slice(0, longest)
  for (const [kind, pattern] of patterns) {
    const name = pattern.exec(words)?.[1]
    if (name !== undefined) return { kind, name }
  }
  return undefined
}
