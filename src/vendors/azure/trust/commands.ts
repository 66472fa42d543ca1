/** Changes at Azure as commands of az, and resources as Terraform. https://learn.microsoft.com/cli/azure, https://registry.terraform.io/providers/hashicorp/azurerm */
import { createHash } from 'node:crypto'
import { shellQuote } from '../../../text/shell.ts'
import type { HclResource, ScriptLine } from '../../trust/contract.ts'
import { type HclAttribute, hclBlock, hclText } from '../../trust/hcl.ts'
import { resourceParts } from '../names.ts'
import type { DesiredCredential, DesiredIdentity } from './desired.ts'

const command = (words: readonly string[]): string => ['az', ...words].map(shellQuote).join(' ')

/** The command with which an operator creates the identity: pullpass does not create it. */
export function createIdentity({ kind, name }: DesiredIdentity): string {
  if (kind === 'application')
    return 'az ad sp create --id "$(az ad app create --display-name pullpass --query appId --output tsv)"'
  const { subscription, group, name: own } = resourceParts(name)
  return command(['identity', 'create', '--name', own, '--resource-group', group, '--subscription', subscription])
}

interface CredentialCommand {
  readonly verb: 'create' | 'update'
  /** Of an existing one: its name, and for an application its id. */
  readonly existing?: { readonly id: string; readonly name: string } | undefined
}

export function credentialCommand(
  { identity, name, issuer, subject, audience, description }: DesiredCredential,
  { verb, existing }: CredentialCommand,
): string {
  const ownName = existing?.name ?? name
  if (identity.kind === 'application') {
    const parameters = JSON.stringify({ name: ownName, issuer, subject, audiences: [audience], description })
    const which = existing === undefined ? [] : ['--federated-credential-id', existing.id]
    const words = ['--id', identity.clientId, ...which, '--parameters', parameters]
    return command(['ad', 'app', 'federated-credential', verb, ...words])
  }
  const { subscription, group, name: own } = resourceParts(identity.name)
  const place = ['--identity-name', own, '--resource-group', group, '--subscription', subscription]
  const fields = ['--issuer', issuer, '--subject', subject, '--audiences', audience]
  return command(['identity', 'federated-credential', verb, '--name', ownName, ...place, ...fields])
}

export function deleteCredential(
  identity: DesiredIdentity,
  { id, name }: { readonly id: string; readonly name: string },
): string {
  if (identity.kind === 'application')
    return command([
      'ad',
      'app',
      'federated-credential',
      'delete',
      '--id',
      identity.clientId,
      '--federated-credential-id',
      id,
    ])
  const { subscription, group, name: own } = resourceParts(identity.name)
  const place = ['--identity-name', own, '--resource-group', group, '--subscription', subscription]
  return command(['identity', 'federated-credential', 'delete', '--name', name, ...place, '--yes'])
}

/** A role assignment to be written. */
export interface Assignment {
  /** A UUID. */
  readonly name: string
  readonly scope: string
  /** UUID of the role. */
  readonly role: string
  readonly principalId: string
  /** Absent: for all repositories. */
  readonly condition?: string | undefined
  readonly description: string
}

export function createAssignment({ name, scope, role, principalId, condition, description }: Assignment): string {
  const conditional = condition === undefined ? [] : ['--condition', condition, '--condition-version', '2.0']
  const assignee = ['--assignee-object-id', principalId, '--assignee-principal-type', 'ServicePrincipal']
  const place = ['--scope', scope, ...conditional, '--description', description]
  const words = ['--name', name, '--role', role, ...assignee, ...place]
  return command(['role', 'assignment', 'create', ...words])
}

/** az expects the complete assignment in JSON. */
export function updateAssignment({ name, scope, role, principalId, condition, description }: Assignment): string {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`
  const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`
  const limits = condition === undefined ? {} : { condition, conditionVersion: '2.0' }
  const json = {
    id,
    name,
    scope,
    roleDefinitionId,
    principalId,
    principalType: 'ServicePrincipal',
    description,
    ...limits,
  }
  return command(['role', 'assignment', 'update', '--role-assignment', JSON.stringify(json)])
}

export const scriptLine = (line: string): ScriptLine => ({ functions: [retry], line: `retry ${line}` })

const retry = `# A new identity or credential takes effect after a delay: retry for up to a minute.
retry() {
  for pause in 1 2 4 8 16 30; do
    if "$@"; then return; fi
    sleep "$pause"
  done
  "$@"
}`

// Terraform: identities are data sources, since documents contain their ids.

const azurerm = {
  name: 'azurerm',
  source: 'hashicorp/azurerm',
  version: '>= 4.0',
  block: hclBlock('provider "azurerm"', ['features {}']),
}
const azuread = { name: 'azuread', source: 'hashicorp/azuread', version: '>= 3.0' }

/** Unique for each name, by digits of a hash. */
const label = (name: string) => `pullpass_${createHash('sha256').update(name.toLowerCase()).digest('hex').slice(0, 8)}`

const texts = (fields: Readonly<Record<string, string>>): HclAttribute[] =>
  Object.entries(fields).map(([name, text]) => [name, hclText(text)])

export function identityHcl({ kind, name, clientId }: DesiredIdentity): HclResource {
  const own = label(name)
  if (kind === 'application') {
    const data = ['application', 'service_principal'].map((type) =>
      hclBlock(`data "azuread_${type}" "${own}"`, texts({ client_id: clientId })),
    )
    return { requires: azuread, importBlock: undefined, block: data.join('\n\n') }
  }
  const { group, name: identity } = resourceParts(name)
  const block = hclBlock(
    `data "azurerm_user_assigned_identity" "${own}"`,
    texts({ name: identity, resource_group_name: group }),
  )
  return { requires: azurerm, importBlock: undefined, block }
}

/** `existing`: its id at Azure. */
export function credentialHcl(credential: DesiredCredential, existing: string | undefined, name: string): HclResource {
  const { identity, issuer, subject, audience, description } = credential
  const own = label(`${identity.name} ${credential.name}`)
  const isApplication = identity.kind === 'application'
  const type = isApplication
    ? 'azuread_application_federated_identity_credential'
    : 'azurerm_federated_identity_credential'
  const audiences: HclAttribute = [isApplication ? 'audiences' : 'audience', `[${hclText(audience)}]`]
  const fields: HclAttribute[] = isApplication
    ? [
        ['application_id', `data.azuread_application.${label(identity.name)}.id`],
        ...texts({ display_name: name, description, issuer, subject }),
      ]
    : [
        ...texts({ name, resource_group_name: resourceParts(identity.name).group }),
        ['parent_id', `data.azurerm_user_assigned_identity.${label(identity.name)}.id`],
        ...texts({ issuer, subject }),
      ]
  return {
    requires: isApplication ? azuread : azurerm,
    block: hclBlock(`resource "${type}" "${own}"`, [...fields, audiences]),
    importBlock: importOf(`${type}.${own}`, existing),
  }
}

/** `existing`: its id at Azure, if it exists. */
export function assignmentHcl(
  { name, scope, role, condition, description }: Omit<Assignment, 'principalId'>,
  identity: DesiredIdentity,
  existing: string | undefined,
): HclResource {
  const own = label(`${identity.name} ${scope}`)
  const principal =
    identity.kind === 'application'
      ? `data.azuread_service_principal.${label(identity.name)}.object_id`
      : `data.azurerm_user_assigned_identity.${label(identity.name)}.principal_id`
  const block = hclBlock(`resource "azurerm_role_assignment" "${own}"`, [
    ...texts({ name, scope, role_definition_id: `/providers/Microsoft.Authorization/roleDefinitions/${role}` }),
    ['principal_id', principal],
    ...texts({ principal_type: 'ServicePrincipal', description }),
    ...texts(condition === undefined ? {} : { condition_version: '2.0', condition }),
  ])
  return { requires: azurerm, block, importBlock: importOf(`azurerm_role_assignment.${own}`, existing) }
}

const importOf = (address: string, id: string | undefined) =>
  id === undefined
    ? undefined
    : hclBlock('import', [
        ['to', address],
        ['id', hclText(id)],
      ])
