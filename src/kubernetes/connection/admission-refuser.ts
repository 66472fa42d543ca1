/** What refused a request at admission, from the message of a Status, which has no field for it. Lengths are bounded. */
import type { KubernetesRefusal } from '../../errors/pullpass-error.ts'

/**
 * The quota, policy or webhook that refused a request.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export interface Admission {
  /**
   * `webhook in dry runs`: it has side effects, so that the API server refuses dry runs.
   * `webhook down`: it could not be called, or did not respond in time.
   */
  readonly kind: 'policy' | 'webhook' | 'webhook in dry runs' | 'webhook down' | 'quota'
  readonly name: string
}

const patterns: readonly (readonly [Admission['kind'], RegExp])[] = [
  ['webhook in dry runs', /admission webhook "([^"]{1,253})" does not support dry run/],
  ['webhook down', /failed calling webhook "([^"]{1,253})"/],
  ['webhook', /admission webhook "([^"]{1,253})" denied the request/],
  ['policy', /ValidatingAdmissionPolicy '([^']{1,253})'/],
  ['quota', /exceeded quota: ([a-z0-9.-]{1,253}),/],
]

const longest = 4096

export function parseRefuser(message: string): Admission | undefined {
  const words = message.slice(0, longest)
  for (const [kind, pattern] of patterns) {
    const name = pattern.exec(words)?.[1]
    if (name !== undefined) return { kind, name }
  }
  return undefined
}

/** The permission without which a policy of pullpass refuses the request; its message is the only place that names it. */
export function parseRequiredVerb(message: string): KubernetesRefusal | undefined {
  const [, verb, resource] = /requires the verb ([a-z]{1,63}) on ([a-z.]{1,253})/.exec(message.slice(0, longest)) ?? []
  return verb === undefined || resource === undefined ? undefined : { kind: 'verb-required', verb, resource }
}
