/**
 * The token endpoints of Azure container registries: an access token of Entra is exchanged for a refresh token, and that for an
 * access token with the part of a scope that is allowed. https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Authenticate } from '../registry/token-endpoint.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { ContainerRegistry, RoleAssignments } from './role-assignments.ts'
import { secondsOf, signJwt, signText } from './sign-jwt.ts'

export interface ContainerRegistryNeeds {
  readonly tokens: AccessTokens
  /** By login server. */
  readonly registries: ReadonlyMap<string, ContainerRegistry>
  readonly roleAssignments: RoleAssignments
  readonly tenantId: string
  readonly now: () => Date
}

export interface ContainerRegistries {
  readonly handle: SandboxHandler
  /** The holder of a refresh token, as the password of the null UUID. */
  readonly authenticate: Authenticate
}

/** Resources of access tokens that a registry accepts. */
const accepted = ['https://containerregistry.azure.net', 'https://management.azure.com']
const nullUuid = '00000000-0000-0000-0000-000000000000'
const [refreshSeconds, accessSeconds] = [3 * 3600, 3600]

interface RefreshClaims {
  readonly sub: string
  readonly aud: string
  readonly exp: number
}

export function createContainerRegistries(needs: ContainerRegistryNeeds): ContainerRegistries {
  const { registries, roleAssignments, now } = needs
  const key = randomBytes(32)
  const readRefreshToken = (token: string): RefreshClaims | undefined => {
    const [head = '', claims = '', signature = ''] = token.split('.')
    const own = signText(`${head}.${claims}`, key)
    const given = Buffer.from(signature)
    if (given.length !== own.length || !timingSafeEqual(given, Buffer.from(own))) return undefined
    const read: RefreshClaims = JSON.parse(Buffer.from(claims, 'base64url').toString())
    return read.exp * 1000 > now().getTime() ? read : undefined
  }
  const routes: Readonly<Record<string, (fields: URLSearchParams) => SandboxResponse>> = {
    'POST /oauth2/exchange': (fields) => exchange(fields, needs, key),
    'POST /oauth2/token': (fields) => grantAccess(fields, needs, { key, readRefreshToken }),
  }
  return {
    handle: (request) => {
      if (request.path === '/v2/') return challenge(request)
      const route = routes[`${request.method} ${request.path}`]
      return route?.(new URLSearchParams(request.body.toString())) ?? { status: 404, body: '404 page not found\n' }
    },
    authenticate({ username, password }) {
      const claims = username === nullUuid ? readRefreshToken(password) : undefined
      const registry = registries.get(claims?.aud ?? '')
      if (claims === undefined || registry === undefined) return undefined
      return {
        expiresAt: new Date(claims.exp * 1000),
        mayPull: (repository) => roleAssignments.mayPull(claims.sub, registry, repository),
        denial: () => 'requested access to the resource is denied',
      }
    },
  }
}

function exchange(
  fields: URLSearchParams,
  { tokens, registries, roleAssignments, tenantId, now }: ContainerRegistryNeeds,
  key: Buffer,
): SandboxResponse {
  const registry = registries.get(fields.get('service') ?? '')
  if (registry === undefined) return registryNotFound
  const holder = tokens.holderOf(fields.get('access_token') ?? '')
  const tenant = fields.get('tenant') ?? tenantId
  const isAccepted = holder !== undefined && accepted.includes(holder.resource) && tenant === tenantId
  if (!isAccepted || fields.get('grant_type') !== 'access_token') return unauthorized
  if (!roleAssignments.mayPull(holder.principalId, registry)) return unauthorized
  const seconds = secondsOf(now())
  const claims = {
    jti: randomBytes(12).toString('hex'),
    sub: holder.principalId,
    nbf: seconds,
    exp: seconds + refreshSeconds,
    iat: seconds,
    iss: 'Azure Container Registry',
    aud: registry.loginServer,
    version: '1.0',
    grant_type: 'refresh_token',
    appid: holder.clientId,
    tenant: tenantId,
  }
  return { status: 200, body: { refresh_token: signJwt(claims, key) } }
}

interface RefreshTokens {
  readonly key: Buffer
  readonly readRefreshToken: (token: string) => RefreshClaims | undefined
}

function grantAccess(
  fields: URLSearchParams,
  { registries, roleAssignments, now }: ContainerRegistryNeeds,
  { key, readRefreshToken }: RefreshTokens,
): SandboxResponse {
  const registry = registries.get(fields.get('service') ?? '')
  if (registry === undefined) return registryNotFound
  const holder = readRefreshToken(fields.get('refresh_token') ?? '')
  if (holder?.aud !== registry.loginServer || fields.get('grant_type') !== 'refresh_token') return unauthorized
  const access = (fields.get('scope') ?? '').split(' ').map((scope) => {
    const [type = '', name = '', actions = ''] = scope.split(':')
    const mayPull = type === 'repository' && roleAssignments.mayPull(holder.sub, registry, name)
    return { type, name, actions: actions.split(',').filter((one) => one === 'pull' && mayPull) }
  })
  const seconds = secondsOf(now())
  const claims = { ...holder, iat: seconds, exp: seconds + accessSeconds, grant_type: 'access_token', access }
  return { status: 200, body: { access_token: signJwt(claims, key) } }
}

const refusal = (status: number, code: string, message: string): SandboxResponse => ({
  status,
  body: { errors: [{ code, message }] },
})

const unauthorized = refusal(
  401,
  'UNAUTHORIZED',
  'authentication required, visit https://aka.ms/acr/authorization for more information.',
)
const registryNotFound = refusal(404, 'NAME_UNKNOWN', 'registry not found')

/** The response of a registry whose network rules exclude the client, to inject as a fault. */
export const addressNotAllowed: SandboxResponse = refusal(
  403,
  'DENIED',
  "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
)

const challenge = ({ headers }: SandboxRequest): SandboxResponse => ({
  ...unauthorized,
  headers: {
    'www-authenticate': `Bearer realm="https://${headers['host']}/oauth2/token",service="${headers['host']}"`,
  },
})
