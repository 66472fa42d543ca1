/**
 * The APIs of an administrator. Paths, fields and statuses as JFrog's own clients use them; messages of errors are not confirmed.
 * https://github.com/jfrog/terraform-provider-platform (pkg/platform), https://github.com/jfrog/jfrog-client-go
 */
import { randomBytes } from 'node:crypto'
import { bearerOf, jsonOf } from '../issuer/federated-service.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import {
  type Integration,
  type Mapping,
  mappingKey,
  mappingsOf,
  type Permission,
  type PlatformState,
  type ResourcePermission,
} from './platform-state.ts'

export interface Operator {
  /** An access token of 64 characters. */
  readonly token: string
  state: 'administrator' | 'another user' | 'revoked'
}

export const createOperator = (): Operator => ({
  token: `cmVmdGtu${randomBytes(42).toString('base64url')}`,
  state: 'administrator',
})

export const jfrogError = (status: number, code: string, message: string): SandboxResponse => ({
  status,
  body: { errors: [{ code, message }] },
})

const notFound = (what: string) => jfrogError(404, 'NOT_FOUND', `${what} not found`)
const conflict = (what: string) => jfrogError(409, 'CONFLICT', `${what} already exists`)
const badRequest = (message: string) => jfrogError(400, 'BAD_REQUEST', message)
const done = (status: number): SandboxResponse => ({ status, body: '' })

/** Undefined: there is no such method. */
type Call = (request: SandboxRequest, names: readonly string[]) => SandboxResponse | undefined

export function platformApi(state: PlatformState, operator: Operator): SandboxHandler {
  const calls: readonly (readonly [RegExp, Call])[] = [
    [/^\/access\/api\/v2\/(users|groups)\/([^/]+)$/, (request, names) => identityCall(state, request, names)],
    [/^\/access\/api\/v1\/oidc$/, (request) => integrationsCall(state, request)],
    [/^\/access\/api\/v1\/oidc\/([^/]+)$/, (request, names) => integrationCall(state, request, names)],
    [/^\/access\/api\/v1\/oidc\/([^/]+)\/identity_mappings$/, (request, names) => mappingsCall(state, request, names)],
    [
      /^\/access\/api\/v1\/oidc\/([^/]+)\/identity_mappings\/([^/]+)$/,
      (request, names) => mappingCall(state, request, names),
    ],
    [/^\/access\/api\/v2\/permissions$/, (request) => createPermission(state, request)],
    [
      /^\/access\/api\/v2\/permissions\/([^/]+)(?:\/(artifact))?$/,
      (request, names) => permissionCall(state, request, names),
    ],
    [/^\/artifactory\/api\/repositories\/([^/]+)$/, (request, names) => repositoryCall(state, request, names)],
  ]
  return (request) => {
    if (bearerOf(request) !== operator.token || operator.state === 'revoked')
      return jfrogError(401, 'UNAUTHORIZED', 'Invalid token')
    if (operator.state !== 'administrator') return jfrogError(403, 'FORBIDDEN', 'Forbidden')
    for (const [pattern, call] of calls) {
      const found = pattern.exec(request.path)
      if (found !== null) return call(request, found.slice(1)) ?? done(405)
    }
    return notFound('resource')
  }
}

function identityCall(
  { users, groups }: PlatformState,
  { method }: SandboxRequest,
  [kind, name = '']: readonly string[],
): SandboxResponse | undefined {
  if (method !== 'GET') return undefined
  if (kind === 'users') {
    const user = users.get(name)
    if (user === undefined) return notFound(`User ${name}`)
    return { status: 200, body: { username: name, email: 'a@example.com', realm: 'internal', ...user } }
  }
  const group = groups.get(name)
  return group === undefined ? notFound(`Group ${name}`) : { status: 200, body: { name, auto_join: false, ...group } }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

/** https://github.com/jfrog/terraform-provider-platform, resource_oidc_configuration.go */
function integrationOf(request: SandboxRequest): Integration | undefined {
  const { name, issuer_url, provider_type, use_default_proxy, ...more } = jsonOf(request)
  const texts = ['audience', 'description', 'token_issuer', 'project_key'].map((field) => [field, textOf(more[field])])
  if (!/^[a-z][a-z0-9-]+$/.test(textOf(name)) || !textOf(issuer_url).startsWith('https://')) return undefined
  if (!['GitHub', 'GitHub Enterprise', 'Azure', 'Generic OpenID Connect'].includes(textOf(provider_type)))
    return undefined
  return {
    name: textOf(name),
    issuer_url: textOf(issuer_url),
    provider_type: textOf(provider_type),
    ...(use_default_proxy === true && { use_default_proxy }),
    ...Object.fromEntries(texts.filter(([, text]) => text !== '')),
  }
}

function integrationsCall({ integrations }: PlatformState, request: SandboxRequest): SandboxResponse | undefined {
  if (request.method === 'GET') return { status: 200, body: [...integrations.values()] }
  if (request.method !== 'POST') return undefined
  const created = integrationOf(request)
  if (created === undefined) return badRequest('Invalid OIDC configuration')
  if (integrations.has(created.name)) return conflict(`OIDC configuration ${created.name}`)
  integrations.set(created.name, created)
  return done(201)
}

function integrationCall(
  state: PlatformState,
  request: SandboxRequest,
  [name = '']: readonly string[],
): SandboxResponse | undefined {
  const found = state.integrations.get(name)
  if (found === undefined) return notFound(`OIDC configuration ${name}`)
  if (request.method === 'GET') return { status: 200, body: found }
  if (request.method === 'PUT') {
    const updated = integrationOf(request)
    if (updated?.name !== name) return badRequest('Invalid OIDC configuration')
    state.integrations.set(name, updated)
    return done(200)
  }
  if (request.method !== 'DELETE') return undefined
  state.integrations.delete(name)
  for (const one of mappingsOf(state, name)) state.mappings.delete(mappingKey(one))
  return done(200)
}

/** https://github.com/jfrog/terraform-provider-platform, resource_oidc_identity_mapping.go */
function mappingOf(request: SandboxRequest, integration: string): Mapping | undefined {
  const { name, provider_name = integration, description, priority, claims, token_spec } = jsonOf(request)
  const isName = /^[^ !@#$%^&*()+={}[\]:;'"<>,./?~`|\\]{1,255}$/.test(textOf(name))
  const isValid = isName && provider_name === integration && Number.isSafeInteger(priority) && Number(priority) >= 1
  if (!isValid || !isRecord(claims) || !isRecord(token_spec)) return undefined
  const { username, scope = '', audience, expires_in } = token_spec
  if (username === undefined && scope === '') return undefined
  if (!/^$|^applied-permissions\/(?:admin|user|groups:.+|roles:.+)$/.test(textOf(scope))) return undefined
  return {
    name: textOf(name),
    provider_name: integration,
    priority: Number(priority),
    ...(description !== undefined && { description: textOf(description) }),
    claims,
    token_spec: {
      ...(username !== undefined && { username: textOf(username) }),
      scope: textOf(scope),
      audience: textOf(audience) || '*@*',
      ...(typeof expires_in === 'number' && { expires_in }),
    },
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function mappingsCall(
  state: PlatformState,
  request: SandboxRequest,
  [integration = '']: readonly string[],
): SandboxResponse | undefined {
  if (!state.integrations.has(integration)) return notFound(`OIDC configuration ${integration}`)
  if (request.method === 'GET') return { status: 200, body: mappingsOf(state, integration) }
  if (request.method !== 'POST') return undefined
  const created = mappingOf(request, integration)
  if (created === undefined) return badRequest('Invalid identity mapping')
  if (state.mappings.has(mappingKey(created))) return conflict(`Identity mapping ${created.name}`)
  state.mappings.set(mappingKey(created), created)
  return done(201)
}

function mappingCall(
  { mappings }: PlatformState,
  request: SandboxRequest,
  [provider_name = '', name = '']: readonly string[],
): SandboxResponse | undefined {
  const key = mappingKey({ provider_name, name })
  const found = mappings.get(key)
  if (found === undefined) return notFound(`Identity mapping ${name}`)
  if (request.method === 'GET') return { status: 200, body: found }
  if (request.method === 'DELETE') {
    mappings.delete(key)
    return done(204)
  }
  if (request.method !== 'PUT') return undefined
  const updated = mappingOf(request, provider_name)
  if (updated?.name !== name) return badRequest('Invalid identity mapping')
  mappings.set(key, updated)
  return done(200)
}

/** Its repositories exist and are not virtual, and its users and groups exist. */
function resourceOf(state: PlatformState, value: unknown): ResourcePermission | undefined {
  if (!isRecord(value) || !isRecord(value['actions']) || !isRecord(value['targets'])) return undefined
  const { users = {}, groups = {} } = value['actions']
  const { targets } = value
  if (!isRecord(users) || !isRecord(groups)) return undefined
  const exist =
    Object.keys(users).every((name) => state.users.has(name)) &&
    Object.keys(groups).every((name) => state.groups.has(name)) &&
    Object.keys(targets).every((key) => !['virtual', undefined].includes(state.repositories.get(key)?.rclass))
  if (!exist) return undefined
  return structuredClone({ actions: { users: Object(users), groups: Object(groups) }, targets: Object(targets) })
}

function createPermission(state: PlatformState, request: SandboxRequest): SandboxResponse | undefined {
  if (request.method !== 'POST') return undefined
  const { name, resources } = jsonOf(request)
  const artifact = resourceOf(state, isRecord(resources) ? resources['artifact'] : undefined)
  if (textOf(name) === '' || textOf(name).length > 64 || artifact === undefined) return badRequest('Invalid permission')
  if (state.permissions.has(textOf(name))) return conflict(`Permission ${textOf(name)}`)
  state.permissions.set(textOf(name), { name: textOf(name), resources: { artifact } })
  return done(201)
}

function permissionCall(
  state: PlatformState,
  request: SandboxRequest,
  [name = '', kind = '']: readonly string[],
): SandboxResponse | undefined {
  const found = state.permissions.get(name)
  if (found === undefined) return notFound(`Permission ${name}`)
  if (kind === '' && request.method === 'GET')
    return { status: 200, body: { ...found, created_by: 'admin', modified_by: 'admin' } }
  if (kind === '' && request.method === 'DELETE') {
    state.permissions.delete(name)
    return done(204)
  }
  if (kind === '' || request.method !== 'PUT') return undefined
  const artifact = resourceOf(state, jsonOf(request))
  if (artifact === undefined) return badRequest('Invalid permission')
  const updated: Permission = { name, resources: { ...found.resources, artifact } }
  state.permissions.set(name, updated)
  return done(200)
}

/** https://github.com/jfrog/jfrog-client-go, artifactory/services/repository.go: 400 where it does not exist. */
function repositoryCall(
  { repositories }: PlatformState,
  { method }: SandboxRequest,
  [key = '']: readonly string[],
): SandboxResponse | undefined {
  if (method !== 'GET') return undefined
  const found = repositories.get(key)
  if (found === undefined) return { status: 400, body: { errors: [{ status: 400, message: 'Bad Request' }] } }
  return { status: 200, body: { key, packageType: 'docker', ...found } }
}
