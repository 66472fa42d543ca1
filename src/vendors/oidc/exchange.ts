/**
 * Token exchange (RFC 8693 §2) with client authentication (RFC 6749 §2.3.1, RFC 7523 §2.2), or the client's own token (RFC 6749 §4.4)
 * where the subject token is the assertion that authenticates the client.
 * https://www.rfc-editor.org/rfc/rfc8693#section-2.1
 */
import type { ApiRequest } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { quote } from '../../text/plain-text.ts'
import type { Redacted } from '../../text/redacted.ts'
import { readSource } from '../credential-source.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { jwtBearerAssertion } from '../jwt-claims.ts'
import { audienceOf, type Exchange, type ExchangeContext, withoutRestrictions } from '../vendor.ts'
import { clientAssertion } from './client-assertion.ts'
import type { OidcSettings } from './settings.ts'

const tokenExchange = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
}

export const exchange: Exchange<OidcSettings> = {
  ...withoutRestrictions,
  audiences: (registry) => [audienceOf(registry)],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: ({ settings }) => settings.lifetime.maxSeconds + 60, // many servers end a token with its subject token
  credentialLifeSeconds: ({ settings }) => settings.lifetime.maxSeconds,

  async exchange(registry, subjectToken, context) {
    const { url, grant, encoding, parameters, username, response, lifetime } = registry.settings
    const client = await authenticateClient(registry.settings, subjectToken, context)
    const fields = {
      ...(grant === 'token_exchange'
        ? { ...tokenExchange, ...parameters, subject_token: subjectToken.value }
        : { grant_type: grant, ...parameters }),
      ...client.parameters,
    }
    const isAssertion = registry.settings.client?.method === 'subject_token'
    const trustFix = compareWithToken(`issuer, subject and audience at ${new URL(url).host}`)
    const requestFix = grant === 'client_credentials' ? clientCredentialsFix : undefined
    const request = {
      service: 'the token service',
      url,
      ...(encoding === 'form' ? { form: fields } : { json: fields }),
      ...(client.basic && { basic: client.basic }),
      refusal: (status: number, body: unknown) =>
        exchangeRefusal(status, body, { subjectToken, trustFix, requestFix }, isAssertion ? [assertionRefused] : []),
      response,
      lifetime,
      defaultLifetimeField: 'oidc.defaultLifetime',
      ...(username !== undefined && { username }),
    }
    return await exchangeAt(registry, request, context)
  },
}

const clientCredentialsFix =
  "see the registry's parameters and scope, and that the client may use the grant client_credentials (RFC 6749, section 4.4)"

/** The server does not accept the subject token for the client. Issuer, subject and audience are not secret. */
const assertionRefused: MessageCause = {
  pattern: /^(?:invalid_client|unauthorized_client)$/,
  code: 'CLIENT_REFUSED',
  expected: ({ subjectToken: { issuer, subject, audiences } }) =>
    `the client to be registered for tokens of issuer ${quote(issuer)}, subject ${quote(subject)} and audience ${audiences.map(quote).join(', ')}`,
}

interface ClientAuthentication {
  readonly parameters: Readonly<Record<string, string | Redacted>>
  readonly basic?: ApiRequest<never>['basic']
}

async function authenticateClient(
  { client, url }: OidcSettings,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<ClientAuthentication> {
  if (client === undefined) return { parameters: {} }
  const { method, id } = client
  switch (method) {
    case 'none':
      return { parameters: { client_id: id } }
    case 'client_secret_basic': {
      const password = await readSource(client.secret ?? {}, 'client secret', context)
      return { parameters: {}, basic: { username: id, password, encoding: 'form' } }
    }
    case 'client_secret_post':
      return {
        parameters: { client_id: id, client_secret: await readSource(client.secret ?? {}, 'client secret', context) },
      }
    case 'private_key_jwt': {
      const key = await readSource(client.key ?? {}, 'private key', context)
      const { audience = url, keyId, algorithm } = client
      return {
        parameters: {
          client_id: id,
          client_assertion_type: jwtBearerAssertion,
          client_assertion: clientAssertion({ id, audience, keyId, algorithm }, key, context),
        },
      }
    }
    case 'subject_token':
      return {
        parameters: { client_id: id, client_assertion_type: jwtBearerAssertion, client_assertion: subjectToken.value },
      }
    default:
      return method satisfies never
  }
}
