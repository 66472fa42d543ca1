/**
 * Google Artifact Registry: token exchange (RFC 8693 §2), then impersonation if configured.
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
import { type ApiResponse, send, textField, UnexpectedResponse } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { expiryOf, localExpiryMs } from '../expiry.ts'
import type { Exchange, ExchangeContext, RegistryOf } from '../vendor.ts'
import { accessRefusalInWords } from './access-refusals.ts'
import { checkEndpoints, exchangeVariables, iamCredentialsEndpoint, stsEndpoint } from './endpoints.ts'
import { checkSubjectLength } from './names.ts'
import { impersonationRefusal, tokenRefusal } from './refusals.ts'
import type { GcpSettings } from './settings.ts'

type GcpRegistry = RegistryOf<GcpSettings>

interface AccessToken {
  readonly value: Redacted
  readonly expiresAt: Date
}

const tokenExchange = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
}
/** Sufficient for pulls. */
const readOnly = 'https://www.googleapis.com/auth/cloud-platform.read-only'
/** Sufficient for IAM Credentials only. */
const impersonate = 'https://www.googleapis.com/auth/iam'
const longestLifeSeconds = 3600

export const exchange: Exchange<GcpSettings> = {
  tenantDomains: ['googleapis.com'],
  audiences: ({ audience, settings }) => {
    const name = resourceName(settings)
    const usual = [name, `https:${name}`] as const
    return audience === undefined ? usual : [audience, ...usual.filter((other) => other !== audience)]
  },

  hops: ({ settings }) => (settings.serviceAccountEmail === undefined ? ['exchange'] : ['exchange', 'impersonation']),

  // A federated token expires with its subject token; the token of an impersonated account does not.
  subjectTokenLifeSeconds: ({ settings }) =>
    settings.serviceAccountEmail === undefined ? longestLifeSeconds + 60 : 600,

  // The schema permits a lifetime only with an impersonated account.
  credentialLifeSeconds: ({ settings }) => settings.lifetimeSeconds ?? longestLifeSeconds,

  endpointVariables: exchangeVariables,

  checkEnvironment: checkEndpoints,

  checkSubject: checkSubjectLength,

  registryRefusal: accessRefusalInWords,

  async exchange(registry, subjectToken, context) {
    const federated = await federate(registry, subjectToken, context)
    const { serviceAccountEmail } = registry.settings
    const token =
      serviceAccountEmail === undefined
        ? federated
        : await generateAccessToken(serviceAccountEmail, { registry, subjectToken, federated }, context)
    return {
      hosts: registry.hosts,
      username: 'oauth2accesstoken',
      password: token.value,
      expiresAt: token.expiresAt,
    }
  },
}

const resourceName = ({ workloadIdentityProvider }: GcpSettings) => `//iam.googleapis.com/${workloadIdentityProvider}`

function federate(registry: GcpRegistry, subjectToken: SubjectToken, context: ExchangeContext): Promise<AccessToken> {
  const { settings } = registry
  const direct = settings.serviceAccountEmail === undefined
  return send(context, {
    hop: 'exchange',
    service: "Google's token service",
    url: `${stsEndpoint(settings, context.environment)}/v1/token`,
    form: {
      ...tokenExchange,
      audience: resourceName(settings), // the provider, independent of the audience of the token; never with a scheme
      scope: direct ? scopesOf(settings).join(' ') : impersonate,
      subject_token: subjectToken.value,
    },
    refusal: (status, body) =>
      tokenRefusal(status, body, { registry, subjectToken, audiences: exchange.audiences(registry) }),
    read: (response) => readFederatedToken(response, subjectToken),
  })
}

/** `expires_in` counts from the request, and can be absent. The token expires after an hour, or with its subject token. */
function readFederatedToken(response: ApiResponse, subjectToken: SubjectToken): AccessToken {
  const { body } = response
  const value = textField(body, 'access_token')
  const stated = asObject(body)?.['expires_in'] ?? undefined
  if (stated !== undefined && (typeof stated !== 'number' || !Number.isFinite(stated)))
    throw new UnexpectedResponse('its expires_in is not a number')
  const subjectEndsMs = localExpiryMs(subjectToken.expiresAt.getTime(), stated, response)
  const endsMs = Math.min(response.sentAt.getTime() + (stated ?? longestLifeSeconds) * 1000, subjectEndsMs)
  return { value: new Redacted(value), expiresAt: expiryOf(endsMs, longestLifeSeconds, response) }
}

interface Impersonation {
  readonly registry: GcpRegistry
  readonly subjectToken: SubjectToken
  readonly federated: AccessToken
}

function generateAccessToken(
  email: string,
  { registry, subjectToken, federated }: Impersonation,
  context: ExchangeContext,
): Promise<AccessToken> {
  const { settings } = registry
  const lifeSeconds = settings.lifetimeSeconds ?? longestLifeSeconds
  return send(context, {
    hop: 'impersonation',
    service: 'Google',
    url: `${iamCredentialsEndpoint(settings, context.environment)}/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:generateAccessToken`,
    bearer: federated.value,
    json: {
      scope: scopesOf(settings),
      lifetime: `${lifeSeconds}s`,
      ...(settings.delegates && {
        delegates: settings.delegates.map((account) => `projects/-/serviceAccounts/${account}`),
      }),
    },
    refusal: (status, body) => impersonationRefusal(status, body, { settings, email, subject: subjectToken.subject }),
    read: (response) => readImpersonatedToken(response, lifeSeconds),
  })
}

const scopesOf = ({ scopes = [readOnly] }: GcpSettings): readonly string[] => scopes

/** `expireTime` is converted from Google's clock to this machine's; never later than requested. */
function readImpersonatedToken(response: ApiResponse, lifeSeconds: number): AccessToken {
  const { body } = response
  const value = textField(body, 'accessToken')
  const expireTime = Date.parse(textField(body, 'expireTime'))
  if (Number.isNaN(expireTime)) throw new UnexpectedResponse('its expireTime is not a date')
  return {
    value: new Redacted(value),
    expiresAt: expiryOf(localExpiryMs(expireTime, lifeSeconds, response), lifeSeconds, response),
  }
}
