/** Resources at Azure as Terraform: identities are data sources, since documents contain their ids. https://registry.terraform.io/providers/hashicorp/azurerm */
import { createHash } from 'node:crypto'
import type { HclResource } from '../../trust/contract.ts'
import { type HclAttribute, hclBlock, hclImport, hclText, hclTexts } from '../../trust/hcl.ts'
import { resourceParts } from '../names.ts'
import type { Assignment } from './commands.ts'
import type { DesiredCredential, DesiredIdentity } from './desired.ts'

const azurerm = {
  name: 'azurerm',
  source: 'hashicorp/azurerm',
  version: '>= 4.0',
  block: hclBlock('provider "azurerm"', ['features {}']),
}
const azuread = { name: 'azuread', source: 'hashicorp/azuread', version: '>= 3.0' }

/** Unique for each name, by digits of a hash. */
const label = (name: string) => `pullpass_${createHash('sha256').update(name.toLowerCase()).digest('hex').slice(0, 8)}`

export function identityHcl({ kind, name, clientId }: DesiredIdentity): HclResource {
  const own = label(name)
  if (kind === 'application') {
    const data = ['application', 'service_principal'].map((type) =>
      hclBlock(`data "azuread_${type}" "${own}"`, hclTexts({ client_id: clientId })),
    )
    return { requires: azuread, importBlock: undefined, block: data.join('\n\n') }
  }
  const { group, name: identity } = resourceParts(name)
  const block = hclBlock(
    `data "azurerm_user_assigned_identity" "${own}"`,
    hclTexts({ name: identity, resource_group_name: group }),
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
        ...hclTexts({ display_name: name, description, issuer, subject }),
      ]
    : [
        ...hclTexts({ name, resource_group_name: resourceParts(identity.name).group }),
        ['parent_id', `data.azurerm_user_assigned_identity.${label(identity.name)}.id`],
        ...hclTexts({ issuer, subject }),
      ]
  return {
    requires: isApplication ? azuread : azurerm,
    block: hclBlock(`resource "${type}" "${own}"`, [...fields, audiences]),
    importBlock: existing === undefined ? undefined : hclImport(`${type}.${own}`, existing),
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
    ...hclTexts({ name, scope, role_definition_id: `/providers/Microsoft.Authorization/roleDefinitions/${role}` }),
    ['principal_id', principal],
    ...hclTexts({ principal_type: 'ServicePrincipal', description }),
    ...hclTexts(condition === undefined ? {} : { condition_version: '2.0', condition }),
  ])
  return {
    requires: azurerm,
    block,
    importBlock: existing === undefined ? undefined : hclImport(`azurerm_role_assignment.${own}`, existing),
  }
}
