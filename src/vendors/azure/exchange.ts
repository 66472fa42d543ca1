/**
 * Azure Container Registry: Microsoft Entra accepts the subject token as a client assertion (RFC 7523 §2.2) and issues an access
 * token, which the registry exchanges for its refresh token.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
 * https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */
import type { RegistryCredential } from '../../credential/registry-credential.ts'
import { type ApiResponse, send, textField, UnexpectedResponse } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { expiryOf, jwtExpiryMs, jwtTimes } from '../expiry.ts'
import { decodeJwtClaims, jwtBearerAssertion } from '../jwt-claims.ts'
import type { Exchange, ExchangeContext, RegistryOf } from '../vendor.ts'
import { authorityEndpoint, checkEndpoints, exchangeVariables, registryEndpoint } from './endpoints.ts'
import { clouds, endpointDomains, isUuid } from './names.ts'
import { entraRefusal, pullDenied, registryRefusal, registryRefusalInWords } from './refusals.ts'
import type { AzureSettings } from './settings.ts'

type AzureRegistry = RegistryOf<AzureSettings>

/** The user name for all registry tokens. https://learn.microsoft.com/azure/container-registry/container-registry-authentication */
const username = '00000000-0000-0000-0000-000000000000'
/** The scope of registries only; the same in all clouds. */
const scope = 'https://containerregistry.azure.net/.default'
/** The maximum lifetime of a refresh token. */
const longestLifeSeconds = 3 * 3600
/** An access token is used immediately; with less time left, it is requested again. */
const leastLeftMs = 60_000
const usualLifeSeconds = 3600

export const exchange: Exchange<AzureSettings> = {
  tenantDomains: endpointDomains,
  audiences: ({ audience, settings }) => [audience ?? clouds[settings.cloud].audience],

  hops: ({ settings }) => [
    'exchange',
    'exchange/registry',
    ...(settings.repositories === undefined ? [] : (['exchange/repository'] as const)),
  ],

  // The credential remains valid after its subject token expires.
  subjectTokenLifeSeconds: () => 600,

  credentialLifeSeconds: () => longestLifeSeconds,

  endpointVariables: exchangeVariables,

  checkEnvironment: checkEndpoints,

  // 600 characters fit; a service account's subject has at most 338.
  checkSubject: () => undefined,

  registryRefusal: registryRefusalInWords,

  async exchange(registry, subjectToken, context) {
    const accessToken = await shareAccessToken(registry, subjectToken, context)
    const credential = await exchangeAtRegistry(registry, accessToken, context)
    for (const repository of registry.settings.repositories ?? []) {
      const actions = await requestActions(registry, { repository, refreshToken: credential.password }, context)
      if (!actions.includes('pull')) throw pullDenied(registry, repository, actions)
    }
    return credential
  },
}

interface AccessToken {
  readonly value: Redacted
  readonly expiresAt: Date
}

/** By subject token, authority, tenant and client: an identity that pulls from several registries signs in once. */
const shared = new WeakMap<SubjectToken, Map<string, Promise<AccessToken>>>()

async function shareAccessToken(
  registry: AzureRegistry,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<Redacted> {
  const { settings } = registry
  const tokens = shared.get(subjectToken) ?? new Map<string, Promise<AccessToken>>()
  shared.set(subjectToken, tokens)
  const authority = authorityEndpoint(settings, context.environment)
  const key = JSON.stringify([authority, settings.tenantId, settings.clientId])
  const pending = tokens.get(key)
  const kept = pending === undefined ? undefined : await pending
  if (kept !== undefined && kept.expiresAt.getTime() - context.now().getTime() >= leastLeftMs) return kept.value
  const token = signIn(registry, subjectToken, context)
  tokens.set(key, token)
  token.catch(() => tokens.delete(key)) // a later attempt signs in again
  return (await token).value
}

async function signIn(
  registry: AzureRegistry,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<AccessToken> {
  const { settings } = registry
  return await send(context, {
    hop: 'exchange',
    service: 'Microsoft Entra',
    url: `${authorityEndpoint(settings, context.environment)}/${settings.tenantId}/oauth2/v2.0/token`,
    form: {
      grant_type: 'client_credentials',
      client_id: settings.clientId,
      client_assertion_type: jwtBearerAssertion,
      client_assertion: subjectToken.value,
      scope,
    },
    refusal: (status, body) =>
      entraRefusal(status, body, { settings, subjectToken, audience: exchange.audiences(registry)[0] }),
    read: readAccessToken,
  })
}

function readAccessToken(response: ApiResponse): AccessToken {
  const { body, sentAt } = response
  const value = new Redacted(textField(body, 'access_token'))
  const seconds = asObject(body)?.['expires_in'] ?? usualLifeSeconds
  if (typeof seconds !== 'number' || !Number.isFinite(seconds))
    throw new UnexpectedResponse('its expires_in is not a number')
  return { value, expiresAt: expiryOf(sentAt.getTime() + seconds * 1000, usualLifeSeconds, response) }
}

async function exchangeAtRegistry(
  { hosts, settings }: AzureRegistry,
  accessToken: Redacted,
  context: ExchangeContext,
): Promise<RegistryCredential> {
  const { registry, tenantId } = settings
  return await send(context, {
    hop: 'exchange/registry',
    service: `registry ${registry}`,
    url: `${registryEndpoint(settings, context.environment)}/oauth2/exchange`,
    form: {
      grant_type: 'access_token',
      service: registry,
      ...(isUuid(tenantId) && { tenant: tenantId }),
      access_token: accessToken,
    },
    refusal: (status, body) => registryRefusal(status, body, { settings }),
    read: (response) => {
      const token = textField(response.body, 'refresh_token')
      return { hosts, username, password: new Redacted(token), expiresAt: refreshTokenExpiry(token, response) }
    },
  })
}

/**
 * `exp` of the token, converted from the registry's clock to this machine's. At most the token's lifetime from now, and three
 * hours.
 */
function refreshTokenExpiry(token: string, response: ApiResponse): Date {
  const times = jwtTimes(claimsOf(token, 'refresh_token'), 'refresh_token')
  if (times === undefined) throw new UnexpectedResponse('its refresh_token does not state when it expires')
  const { exp, iat } = times
  const longestSeconds = Math.min(longestLifeSeconds, iat === undefined ? longestLifeSeconds : exp - iat)
  return expiryOf(jwtExpiryMs(times, response), longestSeconds, response)
}

/** @throws UnexpectedResponse */
function claimsOf(token: string, field: string): JsonObject {
  const claims = decodeJwtClaims(token)
  if (claims === undefined) throw new UnexpectedResponse(`its ${field} is not a JWT`)
  return claims
}

interface PullCheck {
  readonly repository: string
  readonly refreshToken: Redacted
}

/** The actions that the identity may perform in the repository: a registry grants the allowed part of a scope, which can be empty. */
async function requestActions(
  { settings }: AzureRegistry,
  { repository, refreshToken }: PullCheck,
  context: ExchangeContext,
): Promise<string[]> {
  const { registry } = settings
  return await send(context, {
    hop: 'exchange/repository',
    service: `registry ${registry}`,
    url: `${registryEndpoint(settings, context.environment)}/oauth2/token`,
    form: {
      grant_type: 'refresh_token',
      service: registry,
      scope: `repository:${repository}:pull`,
      refresh_token: refreshToken,
    },
    refusal: (status, body) => registryRefusal(status, body, { settings, repository }),
    read: ({ body }) => {
      const { access } = claimsOf(textField(body, 'access_token'), 'access_token')
      const own = asList(access).map((one) => asObject(one) ?? {})
      return own
        .filter(({ name, type }) => type === 'repository' && name === repository)
        .flatMap(({ actions }) => asList(actions).flatMap((action) => asText(action) ?? []))
    },
  })
}
