/** Service accounts and who may make access tokens of theirs (roles/iam.workloadIdentityUser, serviceAccountTokenCreator). */
import type { IamPolicies } from './iam-policies.ts'

export interface ServiceAccount {
  readonly email: string
  /** 21 digits. */
  readonly uniqueId: string
  readonly displayName?: string
  readonly description?: string
  readonly longestLifeSeconds: number
}

export interface ServiceAccounts {
  /** A new one without grants. `longestLifeSeconds`: 3600, or 43200 where the organisation's policy extends it. */
  readonly put: (email: string, longestLifeSeconds?: 3600 | 43200) => void
  /** The member may impersonate the account from that time on: a new binding takes a while to be known everywhere. */
  readonly allowTokens: (email: string, member: string, effectiveAt?: Date) => void
  readonly denyTokens: (email: string, member: string) => void
  /** `members`: what the caller is, with the sets that it belongs to. */
  readonly mayMakeTokens: (email: string, members: readonly string[]) => boolean
  readonly find: (email: string) => ServiceAccount | undefined
  readonly create: (email: string, described: Pick<ServiceAccount, 'displayName' | 'description'>) => ServiceAccount
  readonly remove: (email: string) => void
}

const tokenRoles = ['roles/iam.workloadIdentityUser', 'roles/iam.serviceAccountTokenCreator']

/** Where the policies of an account are kept. */
export const accountResource = (email: string): string => `projects/-/serviceAccounts/${email}`

export function createServiceAccounts(policies: IamPolicies): ServiceAccounts {
  const accounts = new Map<string, ServiceAccount>()
  let created = 0
  const known = (email: string) => {
    if (!accounts.has(email)) throw new Error(`no service account ${email} in the sandbox: put it there first`)
    return accountResource(email)
  }
  const create = (email: string, described: object, longestLifeSeconds = 3600) => {
    const uniqueId = `1${String(++created).padStart(20, '0')}`
    const account = { email, uniqueId, ...described, longestLifeSeconds }
    accounts.set(email, account)
    policies.forget(accountResource(email))
    return account
  }
  return {
    put: (email, longestLifeSeconds) => void create(email, {}, longestLifeSeconds),
    allowTokens(email, member, effectiveAt) {
      const role = member.startsWith('serviceAccount:') ? tokenRoles[1] : tokenRoles[0]
      policies.allow(known(email), role ?? '', member, effectiveAt)
    },
    denyTokens: (email, member) => policies.deny(known(email), member),
    mayMakeTokens: (email, members) =>
      accounts.has(email) && policies.grants(accountResource(email), tokenRoles, members),
    find: (email) => accounts.get(email),
    create,
    remove(email) {
      accounts.delete(email)
      policies.forget(accountResource(email))
    },
  }
}
