/** The whole of a trust as HCL: what is there is imported, so that it can be applied as printed. https://developer.hashicorp.com/terraform/language/import */
import { createHash } from 'node:crypto'
import { type Finding, type Resource, resourceName } from './finding.ts'
import { grantNeeds } from './grant-needs.ts'
import { hashComment } from './hash-comment.ts'
import { hclText } from './hcl-text.ts'
import { accountParts } from './judge-account.ts'
import { undeleteCommand } from './render-gcloud.ts'
import { poolOf, type WantedGrant } from './wanted-trust.ts'

export function renderTerraform(findings: readonly Finding[]): string {
  const labels = new Map(findings.map(({ after }) => [resourceName(after), labelOf(after)]))
  const faults = findings.flatMap(({ fault }) => (fault === undefined ? [] : [hashComment(fault.message)]))
  const deleted = findings.flatMap(({ changes }) =>
    changes.flatMap((change) =>
      change.kind === 'undelete' ? [`# Terraform undeletes nothing; first: ${undeleteCommand(change)}`] : [],
    ),
  )
  const imports = findings.filter(({ presence }) => presence === 'present').flatMap(({ after }) => importOf(after))
  return [...faults, ...deleted, head, ...imports, ...findings.map(({ after }) => blockOf(after, labels))].join('\n\n')
}

const head = `terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.0"
    }
  }
}`

const types = {
  pool: 'google_iam_workload_identity_pool',
  provider: 'google_iam_workload_identity_pool_provider',
  account: 'google_service_account',
  grant: 'google_service_account_iam_member',
} as const

/** Letters, digits and "_", and six digits of a hash: no two names become one label. */
function labelOf(resource: Resource): string {
  const key = resourceName(resource)
  const word = resource.kind === 'grant' ? resource.grant.role : key.replace(/@.*$/, '').replace(/^.*\//, '')
  const plain = word.replace(/^roles\//, '').replaceAll(/[^A-Za-z0-9]+/g, '_')
  return `${/^[a-z]/i.test(plain) ? plain : `r_${plain}`}_${createHash('sha256').update(key).digest('hex').slice(0, 6)}`
}

function importOf(resource: Resource): string[] {
  if (resource.kind === 'grant') return [] // adding a member that is there changes nothing
  const id = resource.kind === 'account' ? accountId(resource.email) : resource.name
  return [block('import', [`to = ${types[resource.kind]}.${labelOf(resource)}`, `id = ${hclText(id)}`])]
}

const accountId = (email: string) => `projects/${accountParts(email)?.project ?? '-'}/serviceAccounts/${email}`

type Labels = ReadonlyMap<string, string>

function blockOf(resource: Resource, labels: Labels): string {
  switch (resource.kind) {
    case 'pool':
      return poolBlock(resource)
    case 'provider':
      return providerBlock(resource, labels)
    case 'account': {
      const { id = resource.email, project = '' } = accountParts(resource.email) ?? {}
      return resourceBlock(types.account, labelOf(resource), {
        account_id: id,
        project,
        display_name: 'pullpass',
        description: resource.description,
      })
    }
    case 'grant':
      return grantBlock(resource.grant, labelOf(resource), labels)
    default:
      return resource satisfies never
  }
}

function poolBlock(resource: Extract<Resource, { kind: 'pool' }>): string {
  const [, project = '', , , , pool = ''] = resource.name.split('/')
  const { description } = resource
  return resourceBlock(types.pool, labelOf(resource), { project, workload_identity_pool_id: pool, description })
}

function providerBlock(resource: Extract<Resource, { kind: 'provider' }>, labels: Labels): string {
  const [, project = '', , , , pool = '', , provider = ''] = resource.name.split('/')
  const { description, mapping, condition, issuer, audiences, jwks } = resource
  const label = labels.get(poolOf(resource.name))
  const poolId = label === undefined ? hclText(pool) : `${types.pool}.${label}.workload_identity_pool_id`
  const lines = [
    `project = ${hclText(project)}`,
    `workload_identity_pool_id = ${poolId}`,
    `workload_identity_pool_provider_id = ${hclText(provider)}`,
    `description = ${hclText(description)}`,
    block(
      'attribute_mapping =',
      Object.entries(mapping).map(([key, text]) => `${hclText(key)} = ${hclText(text)}`),
    ),
    ...(condition === '' ? [] : [`attribute_condition = ${hclText(condition)}`]),
    block('oidc', [
      `issuer_uri = ${hclText(issuer)}`,
      ...(audiences.length === 0 ? [] : [`allowed_audiences = [${audiences.map(hclText).join(', ')}]`]),
      ...(jwks === '' ? [] : [`jwks_json = ${hclText(jwks)}`]),
    ]),
  ]
  return block(`resource "${types.provider}" "${labelOf(resource)}"`, lines)
}

function grantBlock({ on, role, member }: WantedGrant, label: string, labels: Labels): string {
  const after = dependencies({ on, role, member }, labels)
  const given = [`role = ${hclText(role)}`, `member = ${hclText(member)}`, ...after]
  if (on.kind === 'serviceAccount') {
    const lines = [`service_account_id = ${hclText(accountId(on.email))}`, ...given]
    return block(`resource "${types.grant}" "${label}"`, lines)
  }
  const [, project = '', , location = '', , name = ''] = on.name.split('/')
  const of = { project, location, repository: name }
  const lines = [...Object.entries(of).map(([key, text]) => `${key} = ${hclText(text)}`), ...given]
  return block(`resource "google_artifact_registry_repository_iam_member" "${label}"`, lines)
}

/** Names alone tell Terraform nothing of the order. */
function dependencies(grant: WantedGrant, labels: Labels): string[] {
  const { accounts, pool } = grantNeeds(grant)
  const addressOf = (kind: keyof typeof types) => (name: string) => {
    const label = labels.get(name)
    return label === undefined ? [] : [`${types[kind]}.${label}`]
  }
  const needed = [...accounts.flatMap(addressOf('account')), ...(pool === undefined ? [] : addressOf('pool')(pool))]
  return needed.length === 0 ? [] : [`depends_on = [${[...new Set(needed)].join(', ')}]`]
}

const resourceBlock = (type: string, label: string, fields: Readonly<Record<string, string>>) =>
  block(
    `resource "${type}" "${label}"`,
    Object.entries(fields).map(([key, text]) => `${key} = ${hclText(text)}`),
  )

const block = (opening: string, lines: readonly string[]) =>
  `${opening} {\n${lines.map((line) => line.replaceAll(/^/gm, '  ')).join('\n')}\n}`
