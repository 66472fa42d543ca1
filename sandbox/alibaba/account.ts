/** What RAM knows of the sandbox's one account: OIDC providers, roles, custom policies and access keys. */
import { randomBytes } from 'node:crypto'
import { allows, type Policy, parsePolicy } from './policy.ts'

export const accountId = '123456789012'

export interface OidcProvider {
  readonly name: string
  readonly issuer: string
  readonly clientIds: readonly string[]
  /** SHA-1, as they were written. */
  readonly fingerprints: readonly string[]
  readonly description: string
}

export interface Role {
  readonly name: string
  readonly description: string
  /** As it was written. */
  readonly trust: string
  readonly maxSessionSeconds: number
  /** Names of custom policies. */
  readonly attached: readonly string[]
}

export interface RamPolicy {
  readonly name: string
  readonly description: string
  /** As they were written, the oldest first. */
  readonly versions: readonly { readonly id: string; readonly text: string }[]
  /** Id of the version that is in effect. */
  readonly current: string
  /** Users that have it. */
  readonly users: readonly string[]
}

export interface Principal {
  readonly arn: string
  /** Name of the role whose session it is; undefined for a user. */
  readonly role?: string
  /** Of a user; absent: not limited. */
  readonly limits?: readonly Policy[]
}

export interface AccessKey {
  readonly secret: string
  readonly securityToken?: string
  readonly expiresAt?: Date
  readonly principal: Principal
}

export interface Account {
  readonly providers: Map<string, OidcProvider>
  readonly roles: Map<string, Role>
  readonly policies: Map<string, RamPolicy>
  /** By id. */
  readonly keys: Map<string, AccessKey>
}

export const createAccount = (): Account => ({
  providers: new Map(),
  roles: new Map(),
  policies: new Map(),
  keys: new Map(),
})

export const arnOf = (kind: 'oidc-provider' | 'role' | 'user', name: string): string =>
  `acs:ram::${accountId}:${kind}/${name}`

/** The text of the version that is in effect. */
export const currentText = ({ versions, current }: RamPolicy): string =>
  versions.find(({ id }) => id === current)?.text ?? ''

/** Whether the principal may do it: a role by its policies, a user by its limits. */
export function permits(
  { roles, policies }: Account,
  { role, limits }: Principal,
  action: string,
  resource: string,
): boolean {
  if (role === undefined) return limits === undefined || allows(limits, { action, resource })
  const attached = roles.get(role)?.attached ?? []
  const texts = attached.flatMap((name) => policies.get(name) ?? []).map(currentText)
  return allows(
    texts.flatMap((text) => parsePolicy(text, 'identity') ?? []),
    { action, resource },
  )
}

export function issueSession({ keys }: Account, principal: Principal, expiresAt: Date): IssuedSession {
  const id = `STS.${randomBytes(12).toString('hex')}`
  const secret = randomBytes(30).toString('base64url')
  const securityToken = randomBytes(300).toString('base64url')
  keys.set(id, { secret, securityToken, expiresAt, principal })
  return { id, secret, securityToken }
}

interface IssuedSession {
  readonly id: string
  readonly secret: string
  readonly securityToken: string
}
