/**
 * The privilege of a service account on a repository. It is added by itself, with those of others untouched; it can only be removed by
 * writing the list of the others. It cannot carry a mark, so it is recorded in the cluster.
 * https://docs.cloudsmith.com/repositories/repository-privileges
 * https://github.com/cloudsmith-io/cloudsmith-cli/pull/393: PATCH and PUT, as verified there at the service
 */
import type { Context } from '../../../http/context.ts'
import { type Accepted, type RecordEntry, type RemovalPlan, recordKey, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { changeByRequest, requestTrust } from '../../trust/token-api.ts'
import { type DesiredPrivilege, privilegeName, serviceName } from './desired.ts'
import { type Privilege, readPrivileges } from './found.ts'
import { privilegesPath, repositoryApi } from './requests.ts'
import { privilegesHcl } from './terraform.ts'

const isOwn =
  ({ service }: DesiredPrivilege) =>
  ({ holder, slug }: Privilege) =>
    holder === 'service' && slug === service.slug

const written = ({ holder, slug, level }: Privilege) => ({ privilege: level, [holder]: slug })

export function evaluatePrivilege(
  desired: DesiredPrivilege,
  found: readonly Privilege[] | undefined,
  { replace }: Accepted,
  context: Context,
): VendorFinding {
  const { service, repository } = desired
  if (found === undefined) {
    const fault = trustRefused(
      `repository ${service.organization}/${repository} does not exist, or you may not see it`,
      {
        expected: 'an existing repository: pullpass trust does not create repositories',
        hint: 'correct cloudsmith.trust.repositories',
      },
    )
    return { presence: 'absent', verdict: 'refused', fault }
  }
  const own = found.find(isOwn(desired))
  // Terraform imports those of others, who stay.
  const presence = found.length > 0 ? 'present' : 'absent'
  const after: readonly Privilege[] = [
    ...found.filter((one) => one !== own),
    { holder: 'service', slug: service.slug, level: 'Read' },
  ]
  const hcl = privilegesHcl(desired, after, presence)
  if (own === undefined) return { presence, verdict: 'grant', changes: [setChange(desired, 'grant', context)], hcl }
  if (own.level === 'Read') return { presence, verdict: 'ok', hcl }
  if (replace.includes('privilege')) {
    return { presence, verdict: 'update', changes: [setChange(desired, 'update', context)], hcl }
  }
  const notes = [
    `it has the privilege ${own.level}, which is more than pulling needs: --replace privilege lowers it to Read`,
  ]
  return { presence, verdict: 'ok', notes, kept: ['privilege'], hcl: privilegesHcl(desired, found, presence) }
}

function setChange(desired: DesiredPrivilege, action: 'grant' | 'update', context: Context): VendorChange {
  const { service, repository, services } = desired
  const on = `repository ${service.organization}/${repository} to service account ${serviceName(service)}`
  const change = {
    action,
    ...(action === 'update' && { fields: ['privilege'] }),
    description: action === 'grant' ? `grant Read on ${on}` : `lower the privilege on ${on} to Read`,
    byTerraform: services === 'one' ? 'applied' : 'not applied',
  } as const
  return changeByRequest(context, repositoryApi(service, repository), change, {
    method: 'PATCH',
    path: privilegesPath(service, repository),
    json: { privileges: [written({ holder: 'service', slug: service.slug, level: 'Read' })] },
    statuses: [200, 204],
  })
}

export const privilegeEntry = (desired: DesiredPrivilege): RecordEntry => ({
  key: recordKey('grant', privilegeName(desired)),
  text: JSON.stringify({
    privilege: 'Read',
    on: `${desired.service.organization}/${desired.repository}`,
    member: `service:${desired.service.slug}`,
  }),
  namespaces: desired.namespaces,
})

/** Removable if nothing else signs in as the service account; whether pullpass granted it is recorded. */
export function planPrivilegeRemoval(
  desired: DesiredPrivilege,
  found: readonly Privilege[] | undefined,
  others: readonly string[],
  context: Context,
): RemovalPlan {
  const { service, repository } = desired
  if (found?.some(isOwn(desired)) !== true) return { state: 'absent' }
  if (others.length > 0)
    return { state: 'kept', note: `provider ${others.join(' and ')} also signs in as the service account` }
  return {
    state: 'removable',
    async remove() {
      const current = (await readPrivileges(context, desired)) ?? []
      if (!current.some(isOwn(desired))) return undefined
      const privileges = current.filter((one) => !isOwn(desired)(one)).map(written)
      const path = privilegesPath(service, repository)
      const request = { method: 'PUT', path, json: { privileges }, statuses: [200, 204], repeat: 'never' } as const
      await requestTrust(context, repositoryApi(service, repository), request, () => undefined)
      return undefined
    },
  }
}
