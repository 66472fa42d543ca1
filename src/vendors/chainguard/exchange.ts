/**
 * Chainguard: the subject token as a bearer token gives a token of an identity for the audience of the registry.
 * https://edu.chainguard.dev/chainguard/administration/assumable-ids/
 */
import { compareWithToken, exchangeRefusal } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, withoutRestrictions } from '../vendor.ts'
import { checkEndpoint } from './endpoints.ts'
import type { ChainguardSettings } from './settings.ts'

const lifeSeconds = 3600

export const exchange: Exchange<ChainguardSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['enforce.dev'],
  checkEnvironment: checkEndpoint,
  audiences: ({ audience, settings }) => [audience ?? settings.endpoint],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => lifeSeconds,

  exchange: (registry, subjectToken, context) => {
    const { identity, endpoint } = registry.settings
    const trustFix = compareWithToken(
      `issuer, subject and audience of the identity (chainctl iam identities describe ${identity})`,
    )
    const request = {
      service: 'Chainguard',
      url: `${endpoint}/sts/exchange`,
      form: { aud: 'cgr.dev', identity },
      bearer: subjectToken.value,
      refusal: (status: number, body: unknown) => exchangeRefusal(status, body, { subjectToken, trustFix }),
      response: { password: '/token', expiresAt: '/expiry' },
      lifetime: { defaultSeconds: lifeSeconds, maxSeconds: lifeSeconds },
      username: '_token', // the registry accepts any user name
    }
    return exchangeAt(registry, request, context)
  },
}
