/**
 * Yandex Cloud: token exchange (RFC 8693 §2) for an IAM token of a service account.
 * https://yandex.cloud/docs/iam/concepts/workload-identity
 */
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, withoutRestrictions } from '../vendor.ts'
import { checkEndpoints } from './endpoints.ts'
import type { YandexSettings } from './settings.ts'

/** Of an IAM token. https://yandex.cloud/docs/iam/concepts/authorization/iam-token */
const longestSeconds = 12 * 3600

export const exchange: Exchange<YandexSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['yandex.cloud'],
  checkEnvironment: checkEndpoints,
  audiences: ({ audience, settings }) => [audience ?? settings.endpoint],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => longestSeconds,

  exchange: (registry, subjectToken, context) => {
    const { serviceAccountId, endpoint } = registry.settings
    const trustFix = compareWithToken(
      `the federation (issuer, audiences) and its credential for service account ${serviceAccountId} (external subject id)`,
    )
    const request = {
      service: 'Yandex Cloud',
      url: `${endpoint}/oauth/token`,
      form: {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience: serviceAccountId,
        subject_token: subjectToken.value,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      },
      refusal: (status: number, body: unknown) =>
        exchangeRefusal(status, body, { subjectToken, trustFix }, [absentAccount(serviceAccountId)]),
      response: { password: '/access_token', expiresIn: '/expires_in' },
      lifetime: { maxSeconds: longestSeconds },
      username: 'iam',
    }
    return exchangeAt(registry, request, context)
  },
}

/** By the error code of RFC 8693; other causes are not documented. */
const absentAccount = (serviceAccountId: string): MessageCause => ({
  pattern: /^invalid_target$/,
  code: 'PROVIDER_NOT_FOUND',
  expected: () => `service account ${serviceAccountId} to exist`,
  fix: 'correct yandex.serviceAccountId',
})
