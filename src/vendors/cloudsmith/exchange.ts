/**
 * Cloudsmith: the subject token for a token of a service account, a JWT of about two hours.
 * https://help.cloudsmith.io/docs/openid-connect
 */
import { exchangeRefusal, showToken } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, withoutRestrictions } from '../vendor.ts'
import type { CloudsmithSettings } from './settings.ts'

const usualSeconds = 7200
const longestSeconds = 12 * 3600

export const exchange: Exchange<CloudsmithSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['cloudsmith.io'],
  audiences: ({ audience, settings }) => [audience ?? settings.endpoint],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => usualSeconds,

  exchange: (registry, subjectToken, context) => {
    const { organization, service, endpoint } = registry.settings
    const trustFix = showToken(
      `check that service account ${service} exists and is one of those of the OpenID Connect provider of ${organization}, and compare the URL and claims of the provider with the token`,
    )
    const request = {
      service: 'Cloudsmith',
      url: `${endpoint}/openid/${organization}/`,
      json: { oidc_token: subjectToken.value, service_slug: service },
      statuses: [200, 201],
      refusal: (status: number, body: unknown) => exchangeRefusal(status, body, { subjectToken, trustFix }),
      response: { password: '/token' },
      lifetime: { maxSeconds: longestSeconds },
      username: 'token',
    }
    return exchangeAt(registry, request, context)
  },
}
