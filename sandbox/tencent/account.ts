/** What CAM knows of the sandbox's one account: OIDC providers, roles and policies. https://www.tencentcloud.com/document/product/598 */
import { allows, parsePolicy } from './policy.ts'

export const accountId = '100000000001'

export interface OidcProvider {
  readonly name: string
  readonly url: string
  readonly clientIds: readonly string[]
  /** The JWKS in base64, as it was written. */
  readonly key: string
  readonly description: string
  /** 11: enabled, 2: disabled. */
  readonly status: 2 | 11
  /** Absent: at the international site, whose CAM does not have it. */
  readonly autoRotateKey?: 0 | 1
}

export interface Role {
  readonly id: string
  readonly name: string
  readonly description: string
  /** JSON, as it was written. */
  readonly document: string
}

export interface Policy {
  readonly id: number
  readonly name: string
  readonly description: string
  /** JSON, as it was written. */
  readonly document: string
}

export interface Account {
  readonly providers: Map<string, OidcProvider>
  readonly roles: Map<string, Role>
  readonly policies: Map<number, Policy>
  /** Of a role: the ids of its policies. */
  readonly attached: (role: string) => Set<number>
  readonly newId: () => number
  /** Whether the role may do it, by its policies. */
  readonly permits: (role: string, action: string, resource: string) => boolean
}

export const providerArn = (name: string): string => `qcs::cam::uin/${accountId}:oidc-provider/${name}`
export const roleArn = (name: string): string => `qcs::cam::uin/${accountId}:roleName/${name}`
export const policyArn = (name: string): string => `qcs::cam::uin/${accountId}:policyName/${name}`

export function createAccount(): Account {
  const attachments = new Map<string, Set<number>>()
  const policies = new Map<number, Policy>()
  let lastId = 200_000_000
  const attached = (role: string) => {
    const ids = attachments.get(role) ?? new Set()
    attachments.set(role, ids)
    return ids
  }
  return {
    providers: new Map(),
    roles: new Map(),
    policies,
    attached,
    newId: () => ++lastId,
    permits: (role, action, resource) =>
      allows(
        [...attached(role)].flatMap((id) => parsePolicy(policies.get(id)?.document ?? '', 'identity') ?? []),
        { action, resource },
      ),
  }
}
