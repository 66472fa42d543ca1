/**
 * Microsoft Entra: the token endpoint of a tenant for applications (RFC 6749 §4.4) with a secret or a client assertion (RFC 7523
 * §2.2), and the metadata that its libraries read.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
import { randomUUID } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { AccessTokens } from './access-tokens.ts'
import { type Directory, effectiveCredentials, type Principal } from './directory.ts'
import { type EntraRefusal, verifyAssertion } from './verify-assertion.ts'

export interface EntraNeeds {
  readonly directory: Directory
  readonly tokens: AccessTokens
  /** Resources for which access tokens are issued: `https://management.azure.com`. */
  readonly resources: readonly string[]
  readonly readKeys: (issuer: string) => Promise<JSONWebKeySet>
  readonly now: () => Date
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const lifeSeconds: Readonly<Record<Principal['kind'], number>> = { application: 3599, 'managed identity': 86_400 }

export const entra =
  (needs: EntraNeeds): SandboxHandler =>
  async (request) => {
    const { method, path, headers } = request
    const origin = `https://${headers['host']}`
    if (path === '/common/discovery/instance') return instanceDiscovery(request, origin)
    const [, tenant = '', endpoint = ''] = /^\/([^/]+)\/(.+)$/.exec(path) ?? []
    if (endpoint === 'v2.0/.well-known/openid-configuration') return openidConfiguration(`${origin}/${tenant}`)
    if (method !== 'POST' || endpoint !== 'oauth2/v2.0/token') return { status: 404, body: 'Not Found\n' }
    if (tenant !== needs.directory.tenantId) return refuse(tenantUnknown(tenant), needs.now())
    return await signIn(new URLSearchParams(request.body.toString()), needs)
  }

async function signIn(fields: URLSearchParams, needs: EntraNeeds): Promise<SandboxResponse> {
  const { directory, tokens, resources, now } = needs
  const clientId = fields.get('client_id') ?? ''
  const principal = directory.findByClientId(clientId)
  const refusal =
    grantRefusal(fields) ??
    (principal === undefined
      ? clientUnknown(clientId, directory.tenantId)
      : await proofRefusal(fields, principal, needs))
  if (refusal !== undefined || principal === undefined) return refuse(refusal ?? invalidRequest('client_id'), now())
  const resource = (fields.get('scope') ?? '').replace(/\/\.default$/, '')
  if (!resources.includes(resource)) return refuse(resourceUnknown(resource, directory.tenantId), now())
  const expiresIn = lifeSeconds[principal.kind]
  const expiresAt = new Date(now().getTime() + expiresIn * 1000)
  const { principalId } = principal
  const accessToken = tokens.grant({ principalId, clientId, resource, expiresAt })
  return {
    status: 200,
    body: { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: accessToken },
  }
}

function grantRefusal(fields: URLSearchParams): EntraRefusal | undefined {
  if (fields.get('grant_type') !== 'client_credentials') return invalidRequest('grant_type')
  return /^\S+\/\.default$/.test(fields.get('scope') ?? '') ? undefined : invalidRequest('scope')
}

async function proofRefusal(
  fields: URLSearchParams,
  principal: Principal,
  { now, readKeys }: EntraNeeds,
): Promise<EntraRefusal | undefined> {
  const secret = fields.get('client_secret')
  if (secret !== null) {
    const isRight = principal.kind === 'application' && principal.secret === secret
    return isRight ? undefined : { number: 7000215, sentence: 'Invalid client secret provided.' }
  }
  const token = fields.get('client_assertion')
  if (token === null || fields.get('client_assertion_type') !== assertionType) return invalidRequest('client_assertion')
  return await verifyAssertion({
    token,
    clientId: principal.clientId,
    credentials: effectiveCredentials(principal, now()),
    nowSeconds: Math.floor(now().getTime() / 1000),
    readKeys,
  })
}

const invalidRequest = (name: string): EntraRefusal => ({
  number: 900144,
  sentence: `The request body must contain the following parameter: '${name}'.`,
})

const tenantUnknown = (tenant: string): EntraRefusal => ({
  number: 90002,
  sentence: `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
})

const clientUnknown = (clientId: string, tenant: string): EntraRefusal => ({
  number: 700016,
  sentence: `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
})

const resourceUnknown = (resource: string, tenant: string): EntraRefusal => ({
  number: 500011,
  sentence: `The resource principal named ${resource} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
})

const words: Readonly<Record<number, string>> = {
  700016: 'unauthorized_client',
  500011: 'invalid_resource',
  90002: 'invalid_request',
  900144: 'invalid_request',
  501661: 'invalid_request',
}

/** RFC 6749 §5.2, with numbers and a trace. */
export function entraError({ number, sentence }: EntraRefusal, at: Date): SandboxResponse {
  const [trace, correlation] = [randomUUID(), randomUUID()]
  const timestamp = at.toISOString().replace('T', ' ').replace(/\.\d+/, '')
  const error = words[number] ?? 'invalid_client'
  return {
    status: error === 'invalid_client' ? 401 : 400,
    body: {
      error,
      error_description: `AADSTS${number}: ${sentence} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [number],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    },
  }
}

const refuse = entraError

/** Whether an authority is Microsoft's, as libraries request it of the public cloud. */
function instanceDiscovery({ query }: SandboxRequest, origin: string): SandboxResponse {
  const endpoint = query.get('authorization_endpoint') ?? `${origin}/common/oauth2/v2.0/authorize`
  const [, host = ''] = /^https:\/\/([^/]+)/.exec(endpoint) ?? []
  const tenant = /^https:\/\/[^/]+\/([^/]+)/.exec(endpoint)?.[1] ?? 'common'
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  }
}

const openidConfiguration = (authority: string): SandboxResponse => ({
  status: 200,
  body: {
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    response_types_supported: ['code', 'id_token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  },
})
