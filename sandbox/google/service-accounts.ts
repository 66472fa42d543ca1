/** Service accounts and their impersonation (roles iam.workloadIdentityUser, iam.serviceAccountTokenCreator). */
import { createDeletedAccounts } from './deleted-accounts.ts'
import type { IamPolicies } from './iam-policies.ts'
import { accountResource, type ServiceAccount } from './service-account.ts'

export interface ServiceAccounts {
  /** Creates an account without grants. `maxLifetimeSeconds`: 3600, or 43200 if the organization's policy extends it. */
  readonly put: (email: string, maxLifetimeSeconds?: 3600 | 43200) => void
  /** The member may impersonate the account from that time: new bindings take some time to propagate. */
  readonly allowTokens: (email: string, member: string, effectiveAt?: Date) => void
  readonly denyTokens: (email: string, member: string) => void
  /** `members`: the caller, and the sets that include it. */
  readonly mayCreateTokens: (email: string, members: readonly string[]) => boolean
  /** By its email address or unique ID. */
  readonly find: (name: string) => ServiceAccount | undefined
  readonly create: (email: string, described: Pick<ServiceAccount, 'displayName' | 'description'>) => ServiceAccount
  /** A disabled account keeps its grants, but no tokens are issued for it. */
  readonly setState: (email: string, state: 'enabled' | 'disabled') => void
  /** Soft deletion: its name becomes unused, and the account is kept by its unique ID. */
  readonly remove: (email: string) => void
  /** A deleted account by its unique ID; undefined if none is kept. */
  readonly findDeleted: (uniqueId: string) => ServiceAccount | undefined
  /** With its roles and its policy; its name must be unused. */
  readonly undelete: (deleted: ServiceAccount) => void
}

const tokenRoles = ['roles/iam.workloadIdentityUser', 'roles/iam.serviceAccountTokenCreator']

export function createServiceAccounts(policies: IamPolicies, now: () => Date): ServiceAccounts {
  const accounts = new Map<string, ServiceAccount>()
  const deleted = createDeletedAccounts(policies, now)
  let created = 0
  const known = (email: string) => {
    if (!accounts.has(email)) throw new Error(`no service account ${email} in the sandbox: create it first with put`)
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
