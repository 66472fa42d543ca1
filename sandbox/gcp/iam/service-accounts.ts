/** A service account, and the resource of its policy. https://cloud.google.com/iam/docs/service-account-overview */
import type { Binding, IamPolicies } from './iam-policies.ts'

export interface ServiceAccount {
  readonly email: string
  /** 21 digits. */
  readonly uniqueId: string
  readonly displayName?: string
  readonly description?: string
  readonly disabled?: true
  readonly maxLifetimeSeconds: number
}

/** The resource of the policy of a service account. */
export const accountResource = (email: string): string => `projects/-/serviceAccounts/${email}`

/**
 * Deleted service accounts: kept for 30 days by unique ID only, with their roles and the policy of the account.
 * https://cloud.google.com/iam/docs/service-accounts-delete-undelete
 */
interface DeletedAccounts {
  /** Policies then contain `deleted:serviceAccount:EMAIL?uid=ID`. */
  readonly put: (account: ServiceAccount) => void
  /** Undefined if no account is kept under that ID. */
  readonly find: (uniqueId: string) => ServiceAccount | undefined
  /** Its name must be unused. */
  readonly restore: (account: ServiceAccount) => void
}

const keptMs = 30 * 24 * 3600 * 1000

function createDeletedAccounts(policies: IamPolicies, now: () => Date): DeletedAccounts {
  const deleted = new Map<string, { account: ServiceAccount; bindings: readonly Binding[]; expiresAt: Date }>()
  return {
    put(account) {
      const resource = accountResource(account.email)
      const { bindings } = policies.read(resource)
      deleted.set(account.uniqueId, { account, bindings, expiresAt: new Date(now().getTime() + keptMs) })
      policies.forget(resource)
      policies.rename(liveMember(account), deletedMember(account))
    },
    find(uniqueId) {
      const found = deleted.get(uniqueId)
      return found && found.expiresAt > now() ? found.account : undefined
    },
    restore(account) {
      policies.write(accountResource(account.email), deleted.get(account.uniqueId)?.bindings ?? [])
      deleted.delete(account.uniqueId)
      policies.rename(deletedMember(account), liveMember(account))
    },
  }
}

const liveMember = ({ email }: ServiceAccount) => `serviceAccount:${email}`
const deletedMember = ({ email, uniqueId }: ServiceAccount) => `deleted:serviceAccount:${email}?uid=${uniqueId}`

/** Service accounts and their impersonation (roles iam.workloadIdentityUser, iam.serviceAccountTokenCreator). */
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
