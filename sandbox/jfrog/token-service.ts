/**
 * The exchange of an identity token by an integration: the identity mapping with the lowest number that accepts it decides. Of the messages
 * of refusals, only that of unreadable keys is confirmed (https://github.com/jfrog/setup-jfrog-cli/issues/155).
 * https://jfrog.com/help/r/jfrog-rest-apis/oidc-token-exchange
 */
import { jsonOf } from '../issuer/federated-service.ts'
import { type IssuerConnection, readPublishedKeys } from '../issuer/published-keys.ts'
import { claimsOf, verifyIdentity } from '../issuer/verify-identity.ts'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { jfrogError } from './platform-api.ts'
import {
  acceptsClaims,
  type Holder,
  type Integration,
  type Mapping,
  mappingsOf,
  type PlatformState,
} from './platform-state.ts'

export interface TokenServiceNeeds {
  readonly state: PlatformState
  readonly issuers: IssuerConnection
  readonly now: () => Date
  /** An access token with this subject. */
  readonly issue: (holder: Holder, subject: string, lifeSeconds: number) => string
}

/** Undefined: it is another request. */
export async function exchangeToken(
  request: SandboxRequest,
  needs: TokenServiceNeeds,
): Promise<SandboxResponse | undefined> {
  if (request.method !== 'POST' || request.path !== '/access/api/v1/oidc/token') return undefined
  const body = jsonOf(request)
  const isExchange =
    body['grant_type'] === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
    body['subject_token_type'] === 'urn:ietf:params:oauth:token-type:id_token'
  if (!isExchange) return jfrogError(400, 'BAD_REQUEST', 'Invalid grant type or subject token type')
  const name = String(body['provider_name'])
  const integration = needs.state.integrations.get(name)
  if (integration === undefined || integration.project_key !== body['project_key'])
    return jfrogError(404, 'NOT_FOUND', `Provider ${name} not found`)
  return await exchangeAt(integration, String(body['subject_token']), needs)
}

async function exchangeAt(
  integration: Integration,
  token: string,
  { state, issuers, now, issue }: TokenServiceNeeds,
): Promise<SandboxResponse> {
  const { name, issuer_url, token_issuer = issuer_url } = integration
  const keys = await readPublishedKeys({ issuerUri: issuer_url }, issuers).catch(() => undefined)
  if (keys === undefined) return jfrogError(400, 'BAD_REQUEST', 'Failed to get public key')
  const claims = claimsOf(token)
  const expected = { issuer: token_issuer, subject: String(claims['sub']), audience: undefined }
  if ('rejection' in verifyIdentity(token, expected, keys, now()))
    return jfrogError(401, 'UNAUTHORIZED', 'Token validation failed')
  const [mapping] = mappingsOf(state, name)
    .filter((one) => acceptsClaims(one, claims))
    .toSorted((one, other) => rankOf(one) - rankOf(other))
  if (mapping === undefined) return jfrogError(401, 'UNAUTHORIZED', 'No matching identity mapping was found')
  const { username, scope = '', expires_in = 60 } = mapping.token_spec
  const [, groups = ''] = /^applied-permissions\/groups:(.*)$/.exec(scope) ?? []
  const transient = `${name}/${mapping.name}`
  const holder = { username: username ?? transient, groups: groups.replaceAll('"', '').split(',') }
  return {
    status: 200,
    body: {
      access_token: issue(holder, username === undefined ? transient : `jfac@01h/users/${username}`, expires_in),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in,
    },
  }
}

const rankOf = ({ project_key, priority }: Mapping) => (project_key === undefined ? priority : 0)
