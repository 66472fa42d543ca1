/**
 * The part of Cloudsmith's API for operators that configures trust. Paths, fields and statuses:
 * https://github.com/cloudsmith-io/cloudsmith-api-go (docs/OrgsApi.md, docs/ReposApi.md); privileges as in
 * https://github.com/cloudsmith-io/cloudsmith-cli/pull/393. Of the texts of messages, only that of an invalid key is documented.
 */
import { randomBytes } from 'node:crypto'
import { jsonOf } from '../issuer/federated-service.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import {
  type CloudsmithState,
  newId,
  newKey,
  type Privilege,
  type Provider,
  type Service,
  slugFor,
} from './organization-state.ts'

const operatorActions = ['services', 'providers', 'privileges']

/** Who may configure trust. */
export interface Operator {
  readonly key: string
  /** What it may read and change; tests remove one. */
  allowed: readonly string[]
}

export const createOperator = (): Operator => ({
  key: randomBytes(20).toString('hex'),
  allowed: operatorActions,
})

const detailed = (status: number, detail: string, fields?: Readonly<Record<string, readonly string[]>>) => ({
  status,
  body: { detail, ...(fields && { fields }) },
})
const notFound = detailed(404, 'Not found.')
const invalid = (field: string, error: string) => detailed(422, 'Invalid input.', { [field]: [error] })

interface Call extends Pick<SandboxRequest, 'method' | 'query'> {
  readonly fields: Readonly<Record<string, unknown>>
}

interface Organization {
  readonly organization: string
  readonly state: CloudsmithState
  readonly operator: Operator
}

/** Undefined for another path. */
export function operatorApi({
  organization,
  state,
  operator,
}: Organization): (request: SandboxRequest) => ReturnType<SandboxHandler> | undefined {
  const orgs = new RegExp(`^/v1/orgs/${organization}/(services|openid-connect)/(?:([^/]+)/(dynamic-mappings/)?)?$`)
  const repos = new RegExp(`^/v1/repos/${organization}/([^/]+)/privileges$`)
  return (request) => {
    const { method, path, query, headers } = request
    if (!path.startsWith('/v1/')) return undefined
    if (headers['x-api-key'] !== operator.key) return detailed(401, 'Invalid token.')
    const call = { method, query, fields: jsonOf(request) }
    const [, kind, id, mappings] = orgs.exec(path) ?? []
    const [, repository] = repos.exec(path) ?? []
    const action = kind === 'services' ? 'services' : kind === undefined ? 'privileges' : 'providers'
    if (kind === undefined && repository === undefined) return notFound
    if (!operator.allowed.includes(action)) return detailed(403, 'You do not have permission to perform this action.')
    if (repository !== undefined) return privilegesCall(call, state, repository)
    if (kind === 'services') return serviceCall(call, state, id)
    return mappings === undefined ? providerCall(call, state, id) : mappingsCall(call, state, id ?? '')
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** 30 items by default, at most 500. https://docs.cloudsmith.com/api; the response for a page after the last one is not confirmed. */
function page(items: readonly object[], query: URLSearchParams): SandboxResponse {
  const size = Math.min(Number(query.get('page_size') ?? 30), 500)
  const start = (Number(query.get('page') ?? 1) - 1) * size
  if (start > 0 && start >= items.length) return detailed(404, 'Invalid page.')
  return { status: 200, body: items.slice(start, start + size) }
}

const redacted = ({ key, ...service }: Service) => ({ ...service, key: `${'*'.repeat(36)}${key.slice(-4)}` })

function serviceCall(
  { method, query, fields }: Call,
  state: CloudsmithState,
  slug: string | undefined,
): SandboxResponse {
  const { services } = state
  if (slug === undefined && method === 'GET') return page([...services.values()].map(redacted), query)
  if (slug === undefined) {
    const name = text(fields['name'])
    if (name === '' || name.length > 120) return invalid('name', 'This field may not be blank.')
    const role = fields['role'] === 'Manager' ? 'Manager' : 'Member'
    const common = { name, description: text(fields['description']), role, teams: [], key: newKey() } as const
    const created = { ...common, slug: slugFor(state, name) }
    services.set(created.slug, created)
    return { status: 201, body: created }
  }
  const found = services.get(slug)
  if (found === undefined) return notFound
  if (method === 'GET') return { status: 200, body: redacted(found) }
  if (method === 'DELETE') {
    services.delete(slug)
    for (const [repository, privileges] of state.repositories) {
      state.repositories.set(
        repository,
        privileges.filter((one) => !('service' in one && one.service === slug)),
      )
    }
    return { status: 204 }
  }
  if (method !== 'PATCH') return detailed(405, 'Method not allowed.')
  const updated: Service = { ...found, role: fields['role'] === 'Manager' ? 'Manager' : 'Member' }
  services.set(slug, updated)
  return { status: 200, body: redacted(updated) }
}

const shown = (provider: Provider) => ({ ...provider, mappings: undefined })

function providerCall(
  { method, query, fields }: Call,
  state: CloudsmithState,
  id: string | undefined,
): SandboxResponse {
  const { providers } = state
  if (id === undefined && method === 'GET') return page([...providers.values()].map(shown), query)
  const found = id === undefined ? emptyProvider() : providers.get(id)
  if (found === undefined) return notFound
  if (method === 'DELETE') {
    providers.delete(found.slug_perm)
    return { status: 204 }
  }
  const { dynamic_mappings: mappings, ...rest } = fields
  const changed: Provider = { ...found, ...rest, ...(Array.isArray(mappings) && { mappings }) }
  const fault = faultIn(changed, state)
  if (fault !== undefined) return fault
  providers.set(changed.slug_perm, changed)
  return { status: id === undefined ? 201 : 200, body: shown(changed) }
}

const emptyProvider = (): Provider => ({
  slug_perm: newId(),
  name: '',
  provider_url: '',
  enabled: true,
  claims: {},
  service_accounts: [],
  mapping_claim: null,
  mappings: [],
})

function faultIn(
  { slug_perm, name, provider_url, service_accounts, mapping_claim }: Provider,
  { providers, services }: CloudsmithState,
): SandboxResponse | undefined {
  if (name === '') return invalid('name', 'This field is required.')
  if ([...providers.values()].some((one) => one.name === name && one.slug_perm !== slug_perm))
    return invalid('name', 'Provider settings with this name already exist.')
  if (!URL.canParse(provider_url)) return invalid('provider_url', 'Enter a valid URL.')
  const absent = service_accounts.find((one) => !services.has(one))
  if (absent !== undefined) return invalid('service_accounts', `Service ${absent} does not exist.`)
  return mapping_claim !== null && service_accounts.length > 0
    ? invalid('mapping_claim', 'Cannot be provided if service_accounts is also set.')
    : undefined
}

function mappingsCall({ query }: Call, { providers }: CloudsmithState, id: string): SandboxResponse {
  const found = providers.get(id)
  return found === undefined ? notFound : page(found.mappings, query)
}

function privilegesCall({ method, fields }: Call, state: CloudsmithState, repository: string): SandboxResponse {
  const current = state.repositories.get(repository)
  if (current === undefined) return notFound
  const none = { user: null, team: null, service: null }
  if (method === 'GET') return { status: 200, body: { privileges: current.map((one) => ({ ...none, ...one })) } }
  const written = readPrivileges(fields['privileges'], state)
  if ('status' in written) return written
  const isReplaced = (one: Privilege) => written.privileges.some((other) => keyOf(other) === keyOf(one))
  const others = method === 'PATCH' ? current.filter((one) => !isReplaced(one)) : []
  state.repositories.set(repository, [...others, ...written.privileges])
  return { status: 204 }
}

const keyOf = (one: Privilege) => JSON.stringify({ ...one, privilege: undefined })

/** Nulls are refused. */
function readPrivileges(
  value: unknown,
  { services }: CloudsmithState,
): SandboxResponse | { readonly privileges: readonly Privilege[] } {
  if (!Array.isArray(value)) return invalid('privileges', 'This field is required.')
  if (value.some((one: unknown) => Object.values(Object(one)).some((each) => typeof each !== 'string')))
    return invalid('privileges', 'This field may not be null.')
  const privileges: readonly Privilege[] = value
  const absent = privileges.find((one) => 'service' in one && !services.has(one.service))
  return absent === undefined ? { privileges } : invalid('privileges', 'The service does not exist.')
}
