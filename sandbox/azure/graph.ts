/**
 * Microsoft Graph: applications with their federated credentials, and service principals.
 * https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
 */
import { randomUUID } from 'node:crypto'
import type { SandboxHandler, SandboxResponse } from '../serve/handler.ts'
import type { AccessTokens } from './access-tokens.ts'
import { azureError, readJson, textOf, textsOf, unauthenticated } from './azure-errors.ts'
import { type Application, type Directory, type FederatedCredential, mostCredentials } from './directory.ts'
import type { Operators } from './operators.ts'
import type { AzureTimes } from './times.ts'

export interface GraphNeeds {
  readonly directory: Directory
  readonly tokens: AccessTokens
  readonly operators: Operators
  readonly times: AzureTimes
}

const byAppId = /^\/v1\.0\/(applications|servicePrincipals)\(appId='([^']+)'\)$/
const credentialsPath = /^\/v1\.0\/applications\/([^/]+)\/federatedIdentityCredentials(?:\/([^/]+))?$/

export const graph =
  (needs: GraphNeeds): SandboxHandler =>
  ({ method, path, headers, body }) => {
    const { tokens, operators, directory } = needs
    const holder = tokens.bearerOf(headers, ['https://graph.microsoft.com'])
    if (holder === undefined) return unauthenticated
    const action = method === 'GET' ? 'Application.Read' : 'Application.ReadWrite'
    const refusal = operators.refusal(holder, action, path)
    if (refusal !== undefined) return refusal
    const [, type, appId = ''] = byAppId.exec(path) ?? []
    if (type !== undefined) return method === 'GET' ? lookUp(type, appId, directory) : methodNotAllowed
    const [, objectId = '', id] = credentialsPath.exec(path) ?? []
    const application = directory.findByObjectId(objectId)
    if (application === undefined) return notFound(objectId || path)
    return credentialCall({ method, id, fields: readJson(body) }, application, needs)
  }

const methodNotAllowed = azureError(405, 'Request_BadRequest', 'The method is not allowed.')
const notFound = (id: string) =>
  azureError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  )

function lookUp(type: string, appId: string, directory: Directory): SandboxResponse {
  const found = directory.findByClientId(appId)
  if (found === undefined) return notFound(appId)
  if (type === 'servicePrincipals') {
    const isPresent = found.kind === 'managed identity' || found.servicePrincipal === 'present'
    return isPresent ? { status: 200, body: { id: found.principalId } } : notFound(appId)
  }
  return found.kind === 'application' ? { status: 200, body: { id: found.objectId } } : notFound(appId)
}

interface CredentialCall {
  readonly method: string
  readonly id: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

function credentialCall(
  { method, id, fields }: CredentialCall,
  { credentials }: Application,
  { times }: GraphNeeds,
): SandboxResponse {
  if (id === undefined) {
    if (method === 'GET') return { status: 200, body: { value: [...credentials.values()].map(rendered) } }
    return method === 'POST' ? create(credentials, fields, times) : methodNotAllowed
  }
  const found = [...credentials.values()].find((one) => one.id === id)
  if (found === undefined) return notFound(id)
  if (method === 'DELETE') credentials.delete(found.name)
  else if (method === 'PATCH') {
    const audiences = fields['audiences'] === undefined ? found.audiences : textsOf(fields['audiences'])
    credentials.set(found.name, { ...found, issuer: textOf(fields['issuer']) ?? found.issuer, audiences })
  } else return method === 'GET' ? { status: 200, body: rendered(found) } : methodNotAllowed
  return { status: 204 }
}

const rendered = (one: FederatedCredential) => ({
  id: one.id,
  name: one.name,
  issuer: one.issuer,
  subject: one.subject,
  claimsMatchingExpression: one.claimsMatchingExpression ?? null,
  audiences: one.audiences,
  description: one.description ?? null,
})

function create(
  credentials: Application['credentials'],
  fields: CredentialCall['fields'],
  times: AzureTimes,
): SandboxResponse {
  const [name, issuer, subject] = ['name', 'issuer', 'subject'].map((field) => textOf(fields[field]))
  const audiences = textsOf(fields['audiences'])
  if (!name || !issuer || !subject || audiences.length !== 1 || !/^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/.test(name)) {
    return azureError(400, 'Request_BadRequest', 'One or more properties contains invalid values.')
  }
  const isTaken = [...credentials.values()].some(
    (one) => one.name === name || (one.issuer === issuer && one.subject === subject),
  )
  if (isTaken) {
    const message = 'FederatedIdentityCredential with same issuer and subject, or name, already exists.'
    return azureError(409, 'Request_MultipleObjectsWithSameKeyValue', message)
  }
  if (credentials.size >= mostCredentials) {
    return azureError(400, 'Request_BadRequest', 'Too many federated identity credentials.')
  }
  const description = textOf(fields['description'])
  const credential = { id: randomUUID(), name, issuer, subject, audiences, description }
  credentials.set(name, { ...credential, effectiveAt: times.effectiveAt() })
  return { status: 201, body: credential }
}
