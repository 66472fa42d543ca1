/** Sends the request of a document, with the subject token in its place, and reads the credential from the response. */
import { isObject } from '../../text/json-fields.ts'
import type { Redacted } from '../../text/redacted.ts'
import { compareWithToken, exchangeRefusal } from '../exchange-refusal.ts'
import { exchangeAt, type FederatedExchange } from '../federated-exchange.ts'
import { audienceOf, type Exchange, withoutRestrictions } from '../vendor.ts'
import type { HttpSettings } from './settings.ts'

export const exchange: Exchange<HttpSettings> = {
  ...withoutRestrictions,
  audiences: (registry) => [audienceOf(registry)],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: ({ settings }) => settings.lifetime.maxSeconds + 60, // the service may end a credential with its token
  credentialLifeSeconds: ({ settings }) => settings.lifetime.maxSeconds,

  exchange: (registry, subjectToken, context) => {
    const { method, url, username, response, lifetime } = registry.settings
    const trustFix = compareWithToken(`what ${new URL(url).host} accepts (issuer, subject, audience)`)
    const request = {
      service: 'the service',
      method,
      url,
      statuses: [200, 201],
      ...withToken(registry.settings, subjectToken.value),
      refusal: (status: number, body: unknown) => exchangeRefusal(status, body, { subjectToken, trustFix }),
      response,
      lifetime,
      defaultLifetimeField: 'http.defaultLifetime',
      ...(username !== undefined && { username }),
    }
    return exchangeAt(registry, request, context)
  },
}

type TokenParts = Pick<FederatedExchange, 'headers' | 'bearer' | 'basic' | 'json' | 'form'>

function withToken({ token, headers, json, form }: HttpSettings, value: Redacted): TokenParts {
  const base = { headers: () => headers, ...(json && { json }), ...(form && { form }) }
  switch (token.in) {
    case 'Bearer':
      return { ...base, bearer: value }
    case 'Basic':
      return { ...base, basic: { username: token.username, password: value } }
    case 'Header':
      return { ...base, headers: () => ({ ...headers, [token.name]: value }) }
    case 'Body':
      return json === undefined
        ? { ...base, form: { ...form, [token.at]: value } }
        : { ...base, json: placed(json, token.at.split('/').slice(1), value) }
    default:
      return token satisfies never
  }
}

/** A copy with the value at the end of the path (RFC 6901); the settings have checked that it is free. */
function placed(json: unknown, [step = '', ...rest]: readonly string[], value: Redacted): object {
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
  const object = isObject(json) ? json : {}
  return { ...object, [name]: rest.length === 0 ? value : placed(object[name], rest, value) }
}
