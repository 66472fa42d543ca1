/**
 * Hosts for which a vendor's credential is valid: a registry for another host would send it to a server that the vendor does not
 * operate. A document that needs that, for a proxy which forwards credentials, states it: hostPolicy: Any.
 */
import type { FieldPath, FieldProblem } from './document-errors.ts'
import type { DocumentForm, RegistryForm } from './document-form.ts'
import { isLoopbackHost } from './field-rules.ts'
import { showValue } from './show-value.ts'

export interface HostRule {
  /** `server`: without port and path; its first label can contain `*`. */
  readonly accepts: (server: string) => boolean
  /** For messages: the hosts that it accepts. */
  readonly expected: string
}

/** Whether a credential may be used for `host`: of the vendor, or a loopback address, such as an emulator or a forwarded port. */
export function isOwnHost(host: string, rule: HostRule | 'any'): boolean {
  const [server = ''] = host.split(/[:/]/, 1)
  return rule === 'any' || isLoopbackHost(server) || rule.accepts(server)
}

/** Whether a document names an endpoint outside the domains of the vendor, with which its credentials can be for other hosts. */
export const replacesEndpoint = (
  endpoints: { readonly [name: string]: string | undefined } | undefined,
  domains: readonly string[],
): boolean =>
  Object.values(endpoints ?? {}).some((origin) => {
    const host = origin === undefined ? undefined : (URL.parse(origin)?.hostname ?? '')
    return host !== undefined && !domains.some((domain) => host === domain || host.endsWith(`.${domain}`))
  })

/** `path` leads to the registry. */
export function hostProblems(
  { hosts, hostPolicy }: Pick<RegistryForm, 'hosts' | 'hostPolicy'>,
  rule: HostRule | 'any',
  path: FieldPath,
  kind: DocumentForm['kind'],
): FieldProblem[] {
  const others = hosts.filter((host) => !isOwnHost(host, rule))
  if (hostPolicy === 'Any') {
    if (others.length > 0) return []
    const expected = 'no hostPolicy: it is only for hosts that are not those of the vendor, such as a proxy'
    return [{ path: [...path, 'hostPolicy'], predicate: 'is Any, which has no effect here', expected, at: 'key' }]
  }
  const proxy = kind === 'ClusterPullSecret' ? '; for a proxy that forwards the credential: hostPolicy: Any' : ''
  return others.map((host) => ({
    path: [...path, 'hosts', hosts.indexOf(host)],
    predicate: `is ${showValue(host)}`,
    expected: `${rule === 'any' ? 'a host' : rule.expected}, to which the credential belongs${proxy}`,
  }))
}
