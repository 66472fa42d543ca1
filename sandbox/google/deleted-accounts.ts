/**
 * Deleted service accounts: kept for 30 days by unique ID only, with their roles and the policy of the account.
 * https://cloud.google.com/iam/docs/service-accounts-delete-undelete
 */
import type { Binding, IamPolicies } from './iam-policies.ts'
import { accountResource, type ServiceAccount } from './service-account.ts'

export interface DeletedAccounts {
  /** Policies then contain `deleted:serviceAccount:EMAIL?uid=ID`. */
  readonly put: (account: ServiceAccount) => void
  /** Undefined if no account is kept under that ID. */
  readonly find: (uniqueId: string) => ServiceAccount | undefined
  /** Its name must be unused. */
  readonly restore: (account: ServiceAccount) => void
}

const keptMs = 30 * 24 * 3600 * 1000

export function createDeletedAccounts(policies: IamPolicies, now: () => Date): DeletedAccounts {
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
