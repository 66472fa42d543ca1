/**
 * Azure Resource Manager: managed identities with their federated credentials, registries, and role assignments.
 * https://learn.microsoft.com/rest/api/managedidentity, https://learn.microsoft.com/rest/api/authorization/role-assignments
 */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { AccessGrant, AccessTokens } from './access-tokens.ts'
import { azureError, readJson, textOf, textsOf, unauthenticated } from './azure-errors.ts'
import { type Directory, type FederatedCredential, type ManagedIdentity, mostCredentials } from './directory.ts'
import type { OperatorAction, Operators } from './operators.ts'
import { assignmentKey, type ContainerRegistry, isCondition, type RoleAssignments } from './role-assignments.ts'
import type { AzureTimes } from './times.ts'

export interface ResourceManagerNeeds {
  readonly directory: Directory
  readonly tokens: AccessTokens
  readonly operators: Operators
  readonly roleAssignments: RoleAssignments
  readonly registries: ReadonlyMap<string, ContainerRegistry>
  readonly times: AzureTimes
}

interface Call {
  readonly request: SandboxRequest
  readonly holder: AccessGrant
}

const versions: Readonly<Record<string, string>> = {
  identity: '2024-11-30',
  credential: '2024-11-30',
  registry: '2025-11-01',
  role: '2022-04-01',
}

const resource = `/subscriptions/[^/]+/resourceGroups/[^/]+/providers/`
const paths = {
  role: /^(?<scope>\/.+)\/providers\/Microsoft\.Authorization\/roleAssignments(?:\/(?<name>[^/]+))?$/i,
  credential: new RegExp(
    `^(?<id>${resource}Microsoft\\.ManagedIdentity/userAssignedIdentities/[^/]+)/federatedIdentityCredentials(?:/(?<name>[^/]+))?$`,
    'i',
  ),
  identity: new RegExp(`^(?<id>${resource}Microsoft\\.ManagedIdentity/userAssignedIdentities/[^/]+)$`, 'i'),
  registry: new RegExp(`^(?<id>${resource}Microsoft\\.ContainerRegistry/registries/[^/]+)$`, 'i'),
} as const

export const resourceManager =
  (needs: ResourceManagerNeeds): SandboxHandler =>
  (request) => {
    const holder = needs.tokens.bearerOf(request.headers, ['https://management.azure.com'])
    if (holder === undefined) return unauthenticated
    const call = { request, holder }
    for (const [kind, pattern] of Object.entries(paths)) {
      const { id = '', scope = '', name } = pattern.exec(request.path)?.groups ?? {}
      if (id === '' && scope === '') continue
      if (request.query.get('api-version') !== versions[kind]) return unsupportedVersion
      if (kind === 'role') return roleCall(call, { scope, name }, needs)
      if (kind === 'credential') return credentialCall(call, { id, name }, needs)
      if (kind === 'identity') return identityCall(call, id, needs)
      return registryCall(call, id, needs)
    }
    return notFound(request.path)
  }

const unsupportedVersion = azureError(400, 'NoRegisteredProviderFound', 'The api-version is not supported.')
const notFound = (path: string) =>
  azureError(404, 'ResourceNotFound', `The Resource '${path.split('/providers/')[1] ?? path}' was not found.`)
const methodNotAllowed = azureError(405, 'MethodNotAllowed', 'The method is not allowed.')

const actionOf = ({ method }: SandboxRequest) =>
  method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : method === 'PUT' ? 'write' : undefined

function check(
  { request, holder }: Call,
  start: string,
  { operators }: ResourceManagerNeeds,
): SandboxResponse | undefined {
  const verb = actionOf(request)
  if (verb === undefined) return methodNotAllowed
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each start has these three verbs
  return operators.refusal(holder, `${start}/${verb}` as OperatorAction, request.path)
}

function identityCall(call: Call, id: string, needs: ResourceManagerNeeds): SandboxResponse {
  const refusal = check(call, 'Microsoft.ManagedIdentity/userAssignedIdentities', needs)
  if (refusal !== undefined) return refusal
  const found = needs.directory.findByResourceId(id)
  if (found === undefined) return notFound(id)
  const { clientId, principalId, displayName, resourceId } = found
  const properties = { tenantId: needs.directory.tenantId, clientId, principalId }
  return { status: 200, body: { id: resourceId, name: displayName, properties } }
}

function registryCall(call: Call, id: string, needs: ResourceManagerNeeds): SandboxResponse {
  const refusal = check(call, 'Microsoft.ContainerRegistry/registries', needs)
  if (refusal !== undefined) return refusal
  const found = [...needs.registries.values()].find((one) => one.id.toLowerCase() === id.toLowerCase())
  if (found === undefined) return notFound(id)
  const { loginServer, roleAssignmentMode } = found
  return { status: 200, body: { id: found.id, properties: { loginServer, roleAssignmentMode } } }
}

interface Named {
  readonly name: string | undefined
}

function credentialCall(call: Call, { id, name }: Named & { readonly id: string }, needs: ResourceManagerNeeds) {
  const refusal = check(call, 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials', needs)
  if (refusal !== undefined) return refusal
  const identity = needs.directory.findByResourceId(id)
  if (identity === undefined) return notFound(id)
  const { credentials } = identity
  const { method, body } = call.request
  if (name === undefined) {
    if (method !== 'GET') return methodNotAllowed
    return { status: 200, body: { value: [...credentials.values()].map((one) => rendered(identity, one)) } }
  }
  if (method === 'PUT') return putCredential(identity, name, Object(readJson(body)['properties']), needs.times)
  const found = credentials.get(name)
  if (method === 'DELETE') {
    credentials.delete(name)
    return found === undefined ? { status: 204 } : { status: 200 }
  }
  return found === undefined ? notFound(call.request.path) : { status: 200, body: rendered(identity, found) }
}

function rendered({ resourceId }: ManagedIdentity, one: FederatedCredential) {
  const { name, issuer, subject, claimsMatchingExpression, audiences } = one
  const properties = { issuer, subject, claimsMatchingExpression, audiences }
  return { id: `${resourceId}/federatedIdentityCredentials/${name}`, name, properties }
}

function putCredential(
  identity: ManagedIdentity,
  name: string,
  properties: Readonly<Record<string, unknown>>,
  times: AzureTimes,
): SandboxResponse {
  const { credentials } = identity
  const [issuer, subject] = [textOf(properties['issuer']), textOf(properties['subject'])]
  const audiences = textsOf(properties['audiences'])
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/.test(name) || audiences.length !== 1 || !issuer || !subject) {
    return azureError(400, 'BadRequest', 'The federated identity credential is invalid.')
  }
  const same = [...credentials.values()].find((one) => one.issuer === issuer && one.subject === subject)
  if (same !== undefined && same.name !== name) {
    return azureError(400, 'BadRequest', 'Issuer and subject combination already exists for this Managed Identity.')
  }
  if (!credentials.has(name) && credentials.size >= mostCredentials) {
    return azureError(400, 'BadRequest', `Too many Federated Identity Credentials on this Managed Identity.`)
  }
  const status = credentials.has(name) ? 200 : 201
  const credential = { id: name, name, issuer, subject, audiences, effectiveAt: times.effectiveAt() }
  credentials.set(name, credential)
  return { status, body: rendered(identity, credential) }
}

function roleCall(call: Call, { scope, name }: Named & { readonly scope: string }, needs: ResourceManagerNeeds) {
  const refusal = check(call, 'Microsoft.Authorization/roleAssignments', needs)
  if (refusal !== undefined) return refusal
  const { roleAssignments } = needs
  const { method, body, query } = call.request
  if (name === undefined) return listRoles(scope, query.get('$filter') ?? '', roleAssignments)
  const key = assignmentKey({ scope, name })
  if (method === 'PUT') return putRole(scope, name, Object(readJson(body)['properties']), needs)
  const found = roleAssignments.all.get(key)
  if (method === 'DELETE') {
    roleAssignments.all.delete(key)
    return found === undefined ? { status: 204 } : { status: 200, body: renderedRole(found) }
  }
  return found === undefined ? notFound(call.request.path) : { status: 200, body: renderedRole(found) }
}

function listRoles(scope: string, filter: string, { all }: RoleAssignments): SandboxResponse {
  const principalId = /^principalId eq '([^']+)'$/.exec(filter)?.[1]
  const value = [...all.values()].filter(
    (one) => one.principalId === principalId && `${scope.toLowerCase()}/`.startsWith(`${one.scope.toLowerCase()}/`),
  )
  return { status: 200, body: { value: value.map(renderedRole) } }
}

type Role = RoleAssignments['all'] extends Map<string, infer One> ? One : never

const renderedRole = ({ name, scope, principalId, role, condition, description }: Role) => ({
  id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
  name,
  properties: {
    scope,
    principalId,
    principalType: 'ServicePrincipal',
    roleDefinitionId: `/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    condition: condition ?? null,
    conditionVersion: condition === undefined ? null : '2.0',
    description: description ?? null,
  },
})

function putRole(
  scope: string,
  name: string,
  properties: Readonly<Record<string, unknown>>,
  { directory, roleAssignments, times }: ResourceManagerNeeds,
): SandboxResponse {
  const principalId = textOf(properties['principalId'])
  const role = textOf(properties['roleDefinitionId']).split('/').at(-1) ?? ''
  const condition = textOf(properties['condition']) || undefined
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) {
    return azureError(400, 'InvalidRoleAssignmentId', `The role assignment ID '${name}' is not valid.`)
  }
  if (directory.findByPrincipalId(principalId) === undefined) {
    const tenant = directory.tenantId
    return azureError(400, 'PrincipalNotFound', `Principal ${principalId} does not exist in the directory ${tenant}.`)
  }
  if (condition !== undefined && (properties['conditionVersion'] !== '2.0' || !isCondition(condition))) {
    return azureError(400, 'RoleAssignmentConditionNotValid', 'The role assignment condition is not valid.')
  }
  const key = assignmentKey({ scope, name })
  const same = [...roleAssignments.all.entries()].find(
    ([, one]) =>
      one.scope.toLowerCase() === scope.toLowerCase() && one.principalId === principalId && one.role === role,
  )
  if (same !== undefined && same[0] !== key) {
    return azureError(409, 'RoleAssignmentExists', 'The role assignment already exists.')
  }
  const existing = roleAssignments.all.get(key)
  if (existing !== undefined && (existing.principalId !== principalId || existing.role !== role)) {
    const message = 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.'
    return azureError(400, 'RoleAssignmentUpdateNotPermitted', message)
  }
  const description = textOf(properties['description'])
  const fields = { name, scope, principalId, role, description, effectiveAt: times.effectiveAt() }
  const assignment = condition === undefined ? fields : { ...fields, condition }
  roleAssignments.put(assignment)
  return { status: 201, body: renderedRole(assignment) }
}
