/** A resource at Google as a block for Terraform. https://github.com/hashicorp/terraform-provider-google */
import { createHash } from 'node:crypto'
import type { HclResource } from '../../trust/contract.ts'
import { type HclAttribute, hashComment, hclBlock, hclImport, hclText, hclTexts } from '../../trust/hcl.ts'
import { accountParts, poolOf } from '../names.ts'
import { type DesiredGrant, grantNeeds } from './desired-state.ts'
import { type Resource, resourceName } from './finding.ts'

export function terraformOf(resource: Resource): HclResource {
  const requires = { name: 'google', source: 'hashicorp/google', version: '>= 5.0' }
  if (resource.kind === 'account' && accountParts(resource.email) === undefined) {
    const block = hashComment(`service account ${resource.email} is managed by Google: Terraform can only reference it`)
    return { requires, importBlock: undefined, block }
  }
  return { requires, importBlock: importOf(resource), block: blockOf(resource) }
}

const types = {
  pool: 'google_iam_workload_identity_pool',
  provider: 'google_iam_workload_identity_pool_provider',
  account: 'google_service_account',
  grant: 'google_service_account_iam_member',
} as const

const labelOf = (resource: Resource) =>
  label(resource.kind === 'grant' ? resource.grant.role : resourceName(resource), resourceName(resource))

/** Letters, digits and "_", and six digits of a hash, so that labels are unique. */
function label(word: string, name: string): string {
  const last = word.startsWith('roles/')
    ? word.slice('roles/'.length)
    : (word.split('@', 1)[0]?.split('/').at(-1) ?? '')
  const plain = last.replaceAll(/[^A-Za-z0-9]+/g, '_')
  return `${/^[a-z]/i.test(plain) ? plain : `r_${plain}`}_${createHash('sha256').update(name).digest('hex').slice(0, 6)}`
}

const addressOf = (kind: 'pool' | 'provider' | 'account') => (name: string) => `${types[kind]}.${label(name, name)}`

function importOf(resource: Resource): string | undefined {
  if (resource.kind === 'grant') return undefined // adding an existing member changes nothing
  const id = resource.kind === 'account' ? accountId(resource.email) : resource.name
  return hclImport(`${types[resource.kind]}.${labelOf(resource)}`, id)
}

const accountId = (email: string) => `projects/${accountParts(email)?.project ?? '-'}/serviceAccounts/${email}`

function blockOf(resource: Resource): string {
  switch (resource.kind) {
    case 'pool': {
      const [, project = '', , , , pool = ''] = resource.name.split('/')
      return resourceBlock(types.pool, labelOf(resource), {
        project,
        workload_identity_pool_id: pool,
        ...describedBy(resource),
      })
    }
    case 'provider':
      return providerBlock(resource)
    case 'account': {
      const { id = resource.email, project = '' } = accountParts(resource.email) ?? {}
      return resourceBlock(types.account, labelOf(resource), {
        account_id: id,
        project,
        display_name: resource.displayName ?? 'pullpass',
        description: resource.description,
      })
    }
    case 'grant':
      return grantBlock(resource.grant, labelOf(resource))
    default:
      return resource satisfies never
  }
}

/** An existing display name is kept: a block without it would remove it. */
const describedBy = ({ displayName, description }: Exclude<Resource, { kind: 'grant' }>) => ({
  ...(displayName && { display_name: displayName }),
  description,
})

function providerBlock(resource: Extract<Resource, { kind: 'provider' }>): string {
  const [, project = '', , , , , , provider = ''] = resource.name.split('/')
  const { mapping, condition, issuer, audiences, jwks } = resource
  return hclBlock(`resource "${types.provider}" "${labelOf(resource)}"`, [
    ['project', hclText(project)],
    ['workload_identity_pool_id', `${addressOf('pool')(poolOf(resource.name))}.workload_identity_pool_id`],
    ['workload_identity_pool_provider_id', hclText(provider)],
    ...hclTexts(describedBy(resource)),
    hclBlock(
      'attribute_mapping =',
      Object.entries(mapping).map(([key, text]) => [hclText(key), hclText(text)] as const),
    ),
    ...(condition === '' ? [] : [['attribute_condition', hclText(condition)] as const]),
    hclBlock('oidc', [
      ['issuer_uri', hclText(issuer)],
      ...(audiences.length === 0 ? [] : [['allowed_audiences', `[${audiences.map(hclText).join(', ')}]`] as const]),
      ...(jwks === '' ? [] : [['jwks_json', hclText(jwks)] as const]),
    ]),
  ])
}

function grantBlock(grant: DesiredGrant, ownLabel: string): string {
  const { on, role, member } = grant
  const given = [...hclTexts({ role, member }), ...dependencies(grant)]
  if (on.kind === 'serviceAccount') {
    const of = hclTexts({ service_account_id: accountId(on.email) })
    return hclBlock(`resource "${types.grant}" "${ownLabel}"`, [...of, ...given])
  }
  const [, project = '', , location = '', , repository = ''] = on.name.split('/')
  const of = hclTexts({ project, location, repository })
  return hclBlock(`resource "google_artifact_registry_repository_iam_member" "${ownLabel}"`, [...of, ...given])
}

/** Terraform does not derive the order from names; every plan with a grant contains what the grant needs. */
function dependencies(grant: DesiredGrant): HclAttribute[] {
  const { accounts, pool, providers } = grantNeeds(grant)
  const managed = accounts.filter((email) => accountParts(email) !== undefined)
  const needed = [
    ...managed.map(addressOf('account')),
    ...(pool === undefined ? [] : [addressOf('pool')(pool)]),
    ...providers.map(addressOf('provider')),
  ]
  return needed.length === 0 ? [] : [['depends_on', `[${[...new Set(needed)].join(', ')}]`]]
}

const resourceBlock = (type: string, ownLabel: string, fields: Readonly<Record<string, string>>) =>
  hclBlock(`resource "${type}" "${ownLabel}"`, hclTexts(fields))
