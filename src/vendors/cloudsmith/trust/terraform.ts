/** Resources of Cloudsmith's Terraform provider. https://registry.terraform.io/providers/cloudsmith-io/cloudsmith/latest/docs */
import type { HclResource, TrustFinding } from '../../trust/contract.ts'
import {
  type HclAttribute,
  hashComment,
  hclBlock,
  hclText,
  hclTexts,
  labelOf,
  terraformResource,
} from '../../trust/hcl.ts'
import {
  type DesiredPrivilege,
  type DesiredProvider,
  type DesiredService,
  privilegeName,
  serviceName,
} from './desired.ts'
import type { FoundProvider, FoundService, Privilege } from './found.ts'

const cloudsmith = { name: 'cloudsmith', source: 'cloudsmith-io/cloudsmith', version: '>= 0.0.63' }

const presenceOf = (existing: unknown): TrustFinding['presence'] => (existing === undefined ? 'absent' : 'present')

/** `store_api_key`: the key is in no state. */
export function serviceHcl(desired: DesiredService, existing?: FoundService): HclResource {
  const { organization, slug } = desired
  const { name, description, role, teams } = existing ?? { ...desired, name: slug, role: 'Member', teams: [] }
  const attributes: (HclAttribute | string)[] = [
    ...hclTexts({ organization, name, ...(description !== '' && { description }), ...(role !== '' && { role }) }),
    ['store_api_key', 'false'],
    ...teams.map((team) =>
      hclBlock('team', hclTexts({ slug: team.slug, ...(team.role !== '' && { role: team.role }) })),
    ),
  ]
  const resource = { type: 'cloudsmith_service', label: labelOf(serviceName(desired)), attributes }
  return terraformResource(cloudsmith, { ...resource, id: `${organization}.${slug}` })(presenceOf(existing))
}

/** Cloudsmith chooses the slug of a new one: those of the documents are references. */
const slugOfService = (organization: string, slug: string, own: readonly string[]) =>
  own.includes(slug) ? `cloudsmith_service.${labelOf(`${organization}/${slug}`)}.slug` : hclText(slug)

export function providerHcl(desired: DesiredProvider, existing?: FoundProvider): HclResource {
  const { organization, services: own } = desired
  const created = { claims: { sub: desired.subject, aud: desired.audience }, services: own, state: 'enabled' }
  const { name, providerUrl, claims, services, state } = existing ?? {
    ...created,
    name: desired.name,
    providerUrl: desired.issuer,
  }
  const values = services.toSorted().map((slug) => slugOfService(organization, slug, own))
  const attributes: (HclAttribute | string)[] = [
    ...hclTexts({ namespace: organization, name, provider_url: providerUrl }),
    ['enabled', String(state === 'enabled')],
    ['service_accounts', `[${values.join(', ')}]`],
    hclBlock(
      'claims =',
      Object.entries(claims).map(([claim, value]) => [hclKey(claim), hclText(value)]),
    ),
  ]
  const resource = { type: 'cloudsmith_oidc', label: labelOf(desired.name), attributes }
  return terraformResource(cloudsmith, { ...resource, id: `${organization}.${existing?.id ?? ''}` })(
    presenceOf(existing),
  )
}

/** Of a map: a name that is no identifier is quoted. */
const hclKey = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : hclText(name))

/**
 * A resource of Terraform contains all privileges on a repository, and removes others: the existing ones are in it, too. If several
 * service accounts of the documents would be in it, Terraform grants none, since one that is refused would be in it too.
 */
export function privilegesHcl(
  desired: DesiredPrivilege,
  privileges: readonly Privilege[],
  presence: TrustFinding['presence'],
): HclResource {
  const { service, repository, services } = desired
  const { organization } = service
  const type = 'cloudsmith_repository_privileges'
  if (services === 'several') {
    const block = hashComment(
      `${type} is not used for ${organization}/${repository}: it would contain every privilege.`,
    )
    return { requires: cloudsmith, block, importBlock: undefined }
  }
  const blocks = privileges.map(({ holder, slug, level }) =>
    hclBlock(holder, [
      ['privilege', hclText(level)],
      ['slug', slugOfService(organization, slug, holder === 'service' ? [service.slug] : [])],
    ]),
  )
  const attributes = [...hclTexts({ organization, repository }), ...blocks]
  const resource = { type, label: labelOf(privilegeName(desired)), attributes }
  return terraformResource(cloudsmith, { ...resource, id: `${organization}.${repository}` })(presence)
}
