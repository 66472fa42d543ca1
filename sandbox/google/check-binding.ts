/** Validation of a policy binding: roles of another service, invalid members and members that do not exist are refused. */
import type { Binding } from './iam-policies.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import type { WorkloadIdentity } from './workload-identity.ts'

export interface BindingCheckNeeds {
  readonly accounts: ServiceAccounts
  readonly identity: WorkloadIdentity
}

const roleForm = /^(?:roles|organizations\/\d+\/roles|projects\/[^/]+\/roles)\/[\w.]+$/
const poolMember =
  /^principal(?:Set)?:\/\/iam\.googleapis\.com\/(projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+)\/(?:subject\/|group\/|attribute\.\w+\/|\*$)/
const otherMember = /^(?:user|group|domain|deleted:\w+|principal|principalSet):|^all(?:AuthenticatedU|U)sers$/

/** `roles`: the prefix of roles that the resource supports. */
export const createBindingCheck =
  ({ accounts, identity }: BindingCheckNeeds, roles: string) =>
  ({ role, members }: Binding): string | undefined => {
    if (!roleForm.test(role))
      return 'The role name must be in the form "roles/{role}", "organizations/{organization_id}/roles/{role}", or "projects/{project_id}/roles/{role}".'
    const ofService = !role.startsWith('roles/') || role.startsWith(roles)
    if (!ofService) return `Role ${role} is not supported for this resource.`
    return members.map((member) => memberError(member, accounts, identity)).find((error) => error !== undefined)
  }

function memberError(member: string, accounts: ServiceAccounts, identity: WorkloadIdentity): string | undefined {
  const email = /^serviceAccount:([^[]+@.+)$/.exec(member)?.[1]
  if (email !== undefined) return accounts.find(email) ? undefined : `Service account ${email} does not exist.`
  const pool = poolMember.exec(member)?.[1]
  if (pool !== undefined)
    return identity.read(pool)
      ? undefined
      : `Identity Pool does not exist (${pool}). Please check that you specified a valid resource name as returned in the \`name\` attribute in the configuration API.`
  return otherMember.test(member) && !member.includes('/workloadIdentityPools/')
    ? undefined
    : `Invalid principal: "${member}".` // not confirmed
}
