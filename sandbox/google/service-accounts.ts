/** Service accounts and who may make access tokens of theirs (roles/iam.workloadIdentityUser, serviceAccountTokenCreator). */
import { createDeletedAccounts } from './deleted-accounts.ts'
import type { IamPolicies } from './iam-policies.ts'
import { accountResource, type ServiceAccount } from './service-account.ts'

export interface ServiceAccounts {
  /** A new one without grants. `maxLifetimeSeconds`: 3600, or 43200 where the organisation's policy extends it. */
  readonly put: (email: string, maxLifetimeSeconds?: 3600 | 43200) => void
  /** The member may impersonate the account from that time on: a new binding takes a while to be known everywhere. */
  readonly allowTokens: (email: string, member: string, effectiveAt?: Date) => void
  readonly denyTokens: (email: string, member: string) => void
  /** `members`: what the caller is, with the sets that it belongs to. */
  readonly mayCreateTokens: (email: string, members: readonly string[]) => boolean
  /** By its address or its unique id. */
  readonly find: (name: string) => ServiceAccount | undefined
  readonly create: (email: string, described: Pick<ServiceAccount, 'displayName' | 'description'>) => ServiceAccount
  /** A disabled account keeps its grants, and nobody gets a token of it. */
  readonly setState: (email: string, state: 'enabled' | 'disabled') => void
  /** Softly: its name is free, and it is kept under its unique id. */
  readonly remove: (email: string) => void
  /** Of a deleted one by its unique id; undefined where none is kept under it. */
  readonly findDeleted: (uniqueId: string) => ServiceAccount | undefined
  /** With the grants that it had, and those on it; its name must be free. */
  readonly undelete: (deleted: ServiceAccount) => void
}

const tokenRoles = ['roles/iam.workloadIdentityUser', 'roles/iam.serviceAccountTokenCreator']

export function createServiceAccounts(policies: IamPolicies, now: () => Date): ServiceAccounts {
  const accounts = new Map<string, ServiceAccount>()
  const deleted = createDeletedAccounts(policies, now)
  let created = 0
  const known = (email: string) => {
    if (!accounts.has(email)) throw new Error(`no service account ${email} in the sandbox: put it there first`)
    return accountResource(email)
  }
  const create = (email: string, described: object, maxLifetimeSeconds = 3600) => {
    const uniqueId = `1${String(++created).padStart(20, '0')}`
    const account = { email, uniqueId, ...described, maxLifetimeSeconds }
    accounts.set(email, account)
    policies.forget(accountResource(email))
    return account
  }
  return {
    put: (email, maxLifetimeSeconds) => void create(email, {}, maxLifetimeSeconds),
    allowTokens(email, member, effectiveAt) {
      const role = member.startsWith('serviceAccount:') ? tokenRoles[1] : tokenRoles[0]
      policies.allow(known(email), role ?? '', member, effectiveAt)
    },
    denyTokens: (email, member) => policies.deny(known(email), member),
    mayCreateTokens: (email, members) =>
      accounts.get(email)?.disabled === undefined &&
      accounts.has(email) &&
      policies.grants(accountResource(email), tokenRoles, members),
    find: (name) => accounts.get(name) ?? [...accounts.values()].find(({ uniqueId }) => uniqueId === name),
    create,
    setState(email, state) {
      const found: ServiceAccount = accounts.get(email) ?? create(email, {})
      const { disabled: _, ...account } = found
      accounts.set(email, { ...account, ...(state === 'disabled' && { disabled: true }) })
    },
    remove(email) {
      const account = accounts.get(email)
      if (account) deleted.put(account)
      accounts.delete(email)
    },
    findDeleted: deleted.find,
    undelete(account) {
      deleted.restore(account)
      accounts.set(account.email, account)
    },
  }
}
