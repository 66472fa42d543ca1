/**
 * Tencent Cloud: a session of a CAM role for the subject token (not signed), then a temporary token of the registry (signed with the
 * session). Errors have the status 200. https://www.tencentcloud.com/document/product/1150/49452
 */
import { send, textField } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { Redacted } from '../../text/redacted.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, type ExchangeContext, type RegistryOf, withoutRestrictions } from '../vendor.ts'
import { errorOf, headersOf, refused, responseOf } from './api.ts'
import { checkEndpoints, exchangeEndpoint, exchangeVariables } from './endpoints.ts'
import type { TencentSettings } from './settings.ts'
import type { TencentCredentials } from './sign.ts'

const lifeSeconds = 3600
const sessionSeconds = 7200
const authorizationHop = 'exchange/authorization'

/** By the code of the response. Which of them STS returns for which fault is not documented. */
const common: readonly MessageCause[] = [
  {
    pattern: /^RequestLimitExceeded|^InvalidParameter\.OverLimit/,
    code: 'QUOTA_EXCEEDED',
    expected: () => 'requests to stay within the quota',
    fix: 'no action if it passes',
    retryable: true,
  },
  {
    pattern: /^InternalError/,
    code: 'EXCHANGE_UNAVAILABLE',
    expected: () => 'a response without an error',
    fix: 'no action if it passes: pull secrets keep their credentials, and the next run retries',
    retryable: true,
  },
]

/** https://www.tencentcloud.com/document/product/1150/49454 */
const sessionCauses: readonly MessageCause[] = [
  {
    pattern: /^ResourceNotFound|^InternalError\.(?:GetRoleError|IllegalRole)/,
    code: 'PROVIDER_NOT_FOUND',
    expected: () => 'the role and the OIDC provider to exist',
  },
  {
    pattern: /^UnauthorizedOperation/,
    code: 'CONDITION_REFUSED',
    expected: ({ subjectToken }) => `a role whose trust policy accepts subject ${subjectToken.subject}`,
  },
  ...common,
]

const tokenCauses = ({ registryId, region, roleArn }: TencentSettings): readonly MessageCause[] => [
  {
    pattern: /^ResourceNotFound/,
    code: 'EXCHANGE_REFUSED',
    expected: () => `instance ${registryId} to exist in region ${region}`,
    fix: 'correct registryId and region in the document',
  },
  {
    pattern: /^UnauthorizedOperation/,
    code: 'IMPERSONATION_DENIED',
    expected: () => `role ${roleArn} to be allowed tcr:CreateInstanceToken on instance ${registryId}`,
  },
  {
    pattern: /^AuthFailure\.SignatureExpire/,
    code: 'EXCHANGE_REFUSED',
    expected: () => "a signature whose time is within 5 minutes of Tencent Cloud's clock",
    fix: "correct this machine's clock",
  },
  ...common,
]

export const usualAudience = 'sts.tencentcloudapi.com'

export const exchange: Exchange<TencentSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['tencentcloudapi.com'],
  endpointVariables: exchangeVariables,
  checkEnvironment: checkEndpoints,
  audiences: ({ audience = usualAudience }) => [audience],
  hops: () => ['exchange', authorizationHop],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => lifeSeconds,

  async exchange(registry, subjectToken, context) {
    const session = await assumeRole(registry, subjectToken, context)
    return await createToken(registry, { subjectToken, session }, context)
  },
}

/** `{"Response": {"Error": {"Code", "Message"}}}`, or what an intermediary sends. */
const refusalOf =
  (refusedRequest: Parameters<typeof exchangeRefusal>[2], causes: readonly MessageCause[]) =>
  (status: number, body: unknown) => {
    const error = errorOf(body)
    return error === undefined
      ? exchangeRefusal(status, body, refusedRequest, causes)
      : exchangeRefusal(400, { error: error.code, message: error.message }, refusedRequest, causes)
  }

function assumeRole(
  { settings }: RegistryOf<TencentSettings>,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<TencentCredentials> {
  const { roleArn, providerId, region } = settings
  const trustFix = compareWithToken(
    `the trust policy of ${roleArn} and the issuer, client ids and keys of provider ${providerId}`,
  )
  return send(context, {
    hop: 'exchange',
    service: 'Tencent Cloud STS',
    url: `${exchangeEndpoint('sts', settings, context.environment)}/`,
    json: {
      ProviderId: providerId,
      WebIdentityToken: subjectToken.value,
      RoleArn: roleArn,
      RoleSessionName: 'pullpass',
      DurationSeconds: sessionSeconds,
    },
    headers: headersOf({ service: 'sts', action: 'AssumeRoleWithWebIdentity', region }, undefined),
    refused,
    refusal: refusalOf({ subjectToken, trustFix }, sessionCauses),
    read: ({ body }) => {
      const credentials = responseOf(body)?.['Credentials']
      return {
        secretId: textField(credentials, 'TmpSecretId'),
        secretKey: new Redacted(textField(credentials, 'TmpSecretKey')),
        token: new Redacted(textField(credentials, 'Token')),
      }
    },
  })
}

/** https://www.tencentcloud.com/document/product/1051/37248 */
function createToken(
  registry: RegistryOf<TencentSettings>,
  { subjectToken, session }: { readonly subjectToken: SubjectToken; readonly session: TencentCredentials },
  context: ExchangeContext,
) {
  const { settings } = registry
  const { roleArn, registryId, region } = settings
  context.secrets.add(session.secretKey)
  const trustFix = {
    hint: `attach a policy with tcr:CreateInstanceToken and tcr:PullRepository for ${registryId} to ${roleArn}`,
  }
  return exchangeAt(
    registry,
    {
      hop: authorizationHop,
      service: 'Tencent Container Registry',
      url: `${exchangeEndpoint('tcr', settings, context.environment)}/`,
      json: { RegistryId: registryId, TokenType: 'temp' },
      headers: headersOf({ service: 'tcr', action: 'CreateInstanceToken', region }, session),
      refused,
      refusal: refusalOf({ subjectToken, trustFix }, tokenCauses(settings)),
      response: { password: '/Response/Token', username: '/Response/Username', expiresAt: '/Response/ExpTime' },
      lifetime: { defaultSeconds: lifeSeconds, maxSeconds: lifeSeconds },
    },
    context,
  )
}
