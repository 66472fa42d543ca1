/**
 * The API for administrators of an organization, with an access token of an OAuth application.
 * https://github.com/quay/quay: endpoints/api/robot.py, permission.py, repository.py, organization.py; endpoints/exception.py
 */
import { randomBytes } from 'node:crypto'
import { bearerOf } from '../issuer/federated-service.ts'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import {
  createRobot,
  deleteRobot,
  type FederationEntry,
  newPassword,
  type QuayState,
  type Robot,
  type Role,
} from './state.ts'

/** Who may configure trust. */
export interface Operator {
  /** Its access token. */
  readonly token: string
  /** Tests remove one. */
  readonly scopes: Set<'org:admin' | 'repo:admin'>
  /** Whether the token is valid. */
  state: 'valid' | 'expired'
}

export const createOperator = (): Operator => ({
  token: randomBytes(20).toString('hex'),
  scopes: new Set(['org:admin', 'repo:admin']),
  state: 'valid',
})

export interface OrganizationApiNeeds {
  readonly state: QuayState
  readonly operator: Operator
}

const apiError = (status: number, type: string, text: string): SandboxResponse => ({
  status,
  body: {
    detail: text,
    error_message: text,
    error_type: type,
    title: type,
    type: `https://quay.io/api/v1/error/${type}`,
    status,
  },
})

const invalidRequest = (text: string) => apiError(400, 'invalid_request', text)
const notFound = apiError(404, 'not_found', 'Not Found')
/** Of the data, not of the API. */
const dataError = (message: string): SandboxResponse => ({ status: 400, body: { message } })
const done: SandboxResponse = { status: 204, body: '' }

const [organizations, repositories] = [
  /^\/api\/v1\/organization\/([^/]+)(?:\/(robots)(?:\/([^/]+)(?:\/(federation|regenerate))?)?)?$/,
  /^\/api\/v1\/repository\/((?:(?!\/permissions\/)[^?])+?)(?:\/permissions\/user\/([^/]*))?$/,
]

/** Undefined: there is no such path. */
export function organizationApi(request: SandboxRequest, needs: OrganizationApiNeeds): SandboxResponse | undefined {
  const [matched, organization = '', robots, shortName, part] = organizations.exec(request.path) ?? []
  const { state } = needs
  if (matched === undefined) return repositoryApi(request, needs)
  if (robots === undefined)
    return state.organizations.has(organization) ? { status: 200, body: { name: organization } } : notFound
  const refusal = whyRefused(request, needs, 'org:admin', organization)
  if (refusal !== undefined) return refusal
  if (shortName === undefined) return listRobots(request, state, organization)
  const name = `${organization}+${shortName}`
  if (part === 'regenerate') return regenerate(request, state, name)
  return part === undefined ? robotCall(request, state, name) : federationCall(request, state, name)
}

/** What does not exist is denied, too: it has no administrator. */
function whyRefused(
  request: SandboxRequest,
  { state, operator }: OrganizationApiNeeds,
  scope: 'org:admin' | 'repo:admin',
  organization: string,
): SandboxResponse | undefined {
  const isValid = bearerOf(request) === operator.token && operator.state === 'valid'
  if (!isValid) return apiError(401, 'invalid_token', 'Requires authentication')
  if (operator.scopes.has(scope) && state.organizations.has(organization)) return undefined
  return apiError(403, 'insufficient_scope', 'Unauthorized')
}

const rendered = ({ name, description, token }: Robot) => ({
  name,
  created: 'Tue, 24 Nov 2026 12:00:00 -0000',
  last_accessed: null,
  description,
  token,
})

function listRobots({ query }: SandboxRequest, state: QuayState, organization: string): SandboxResponse {
  const robots = [...state.robots.values()].filter(({ name }) => name.startsWith(`${organization}+`))
  const repositoriesOf = ({ name }: Robot) =>
    [...state.repositories].flatMap(([repository, roles]) =>
      roles.has(name) ? [repository.slice(organization.length + 1)] : [],
    )
  const items = robots.map((robot) => {
    const { token, ...rest } = rendered(robot)
    return {
      ...rest,
      ...(query.get('token') !== 'false' && { token }),
      ...(query.get('permissions') === 'true' && {
        teams: robot.teams.map((name) => ({ name, avatar: { name, kind: 'team' } })),
        repositories: repositoriesOf(robot),
      }),
    }
  })
  return { status: 200, body: { robots: items } }
}

const absent = dataError('Could not find robot with specified username')

function robotCall(request: SandboxRequest, state: QuayState, name: string): SandboxResponse | undefined {
  const robot = state.robots.get(name)
  switch (request.method) {
    case 'GET':
      return robot === undefined ? absent : { status: 200, body: { ...rendered(robot), unstructured_metadata: {} } }
    case 'PUT': {
      if (robot !== undefined) return invalidRequest(`Existing robot with name: ${name}`)
      const { description = '' } = Object(jsonOf(request))
      if (typeof description !== 'string' || description.length > 255) return invalidRequest('description is too long')
      const created = createRobot(name, description)
      state.robots.set(name, created)
      return { status: 201, body: { ...rendered(created), unstructured_metadata: {} } }
    }
    case 'DELETE':
      if (robot === undefined) return absent
      deleteRobot(state, name)
      return done
    default:
      return undefined
  }
}

/** The former password is no longer valid. */
function regenerate({ method }: SandboxRequest, { robots }: QuayState, name: string): SandboxResponse | undefined {
  const robot = robots.get(name)
  if (robot === undefined) return absent
  if (method !== 'POST') return undefined
  robot.token = newPassword()
  return { status: 200, body: rendered(robot) }
}

function federationCall(request: SandboxRequest, state: QuayState, name: string): SandboxResponse | undefined {
  const robot = state.robots.get(name)
  if (robot === undefined) return absent
  if (request.method === 'GET') return { status: 200, body: robot.entries }
  if (request.method !== 'POST') return undefined
  const list = jsonOf(request)
  if (!Array.isArray(list)) return invalidRequest('is not of type array')
  const entries: FederationEntry[] = []
  for (const item of list) {
    const { issuer, subject } = Object(item)
    if (typeof issuer !== 'string' || typeof subject !== 'string' || issuer === '' || subject === '')
      return invalidRequest('Missing one or more required fields (issuer, subject)')
    if (!/^https?:\/\//.test(issuer)) return invalidRequest('Issuer must be a URL (http:// or https://)')
    if (entries.some((one) => one.issuer === issuer && one.subject === subject))
      return invalidRequest('Duplicate federation config entry')
    entries.push({ issuer, subject }) // other fields are dropped
  }
  robot.entries = entries
  return { status: 200, body: entries }
}

function repositoryApi(request: SandboxRequest, needs: OrganizationApiNeeds): SandboxResponse | undefined {
  const [matched, repository = '', username] = repositories.exec(request.path) ?? []
  if (matched === undefined) return undefined
  const organization = repository.split('/', 1)[0] ?? ''
  const refusal = whyRefused(request, needs, 'repo:admin', organization)
  if (refusal !== undefined) return refusal
  const roles = needs.state.repositories.get(repository)
  if (username === undefined) return roles === undefined ? notFound : { status: 200, body: { namespace: organization } }
  if (username !== '') return roleCall(request, needs.state, { roles, username, organization })
  const permissions = [...(roles ?? [])].map(([name, role]) => [name, { role, name, is_robot: true }] as const)
  return { status: 200, body: { permissions: Object.fromEntries(permissions) } }
}

interface OfRepository {
  readonly roles: Map<string, Role> | undefined
  readonly username: string
  readonly organization: string
}

function roleCall(
  request: SandboxRequest,
  { robots }: QuayState,
  { roles, username, organization }: OfRepository,
): SandboxResponse | undefined {
  if (request.method === 'DELETE') {
    return roles?.delete(username) ? done : invalidRequest('User does not have permission for repo.')
  }
  if (request.method !== 'PUT') return undefined
  const { role } = Object(jsonOf(request))
  if (!['read', 'write', 'admin'].includes(role)) return invalidRequest(`${role} is not one of read, write, admin`)
  if (!robots.has(username)) return invalidRequest(`Invalid username: ${username}`)
  if (!username.startsWith(`${organization}+`))
    return invalidRequest(`Cannot add robot ${username} under namespace ${organization}`)
  if (roles === undefined) return dataError('Repository does not exist')
  roles.set(username, role)
  return { status: 200, body: { role, name: username, is_robot: true } }
}

function jsonOf({ headers, body }: SandboxRequest): unknown {
  if (headers['content-type'] !== 'application/json') return undefined
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
