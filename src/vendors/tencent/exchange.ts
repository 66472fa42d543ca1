/**
 * Tencent Cloud: a session of a CAM role for the subject token (not signed), then a temporary token of the registry (signed with the
 * session). Errors have the status 200. https://www.tencentcloud.com/document/product/1150/49452
 */
import { type SentRequest, send, textField } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, type ExchangeContext, type RegistryOf, withoutRestrictions } from '../vendor.ts'
import type { TencentSettings } from './settings.ts'
import { authorizationOf, type TencentCredentials } from './sign.ts'

const lifeSeconds = 3600
const sessionSeconds = 7200
const authorizationHop = 'exchange/authorization'

/** By the code of the response; the codes are not confirmed. */
const causes: readonly MessageCause[] = [
  {
    pattern: /^ResourceNotFound/,
    code: 'PROVIDER_NOT_FOUND',
    expected: () => 'the role and the OIDC provider to exist',
  },
  {
    pattern: /^UnauthorizedOperation/,
    code: 'CONDITION_REFUSED',
    expected: ({ subjectToken }) => `a role whose trust policy accepts subject ${subjectToken.subject}`,
  },
  {
    pattern: /^RequestLimitExceeded/,
    code: 'QUOTA_EXCEEDED',
    expected: () => 'requests to stay within the quota',
    retryable: true,
  },
  {
    pattern: /^InternalError/,
    code: 'EXCHANGE_UNAVAILABLE',
    expected: () => 'a response without an error',
    retryable: true,
  },
]

export const exchange: Exchange<TencentSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['tencentcloudapi.com'],
  audiences: ({ audience = 'sts.tencentcloudapi.com' }) => [audience],
  hops: () => ['exchange', authorizationHop],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => lifeSeconds,

  async exchange(registry, subjectToken, context) {
    const session = await assumeRole(registry, subjectToken, context)
    return await createToken(registry, { subjectToken, session }, context)
  },
}

const responseOf = (body: unknown) => asObject(asObject(body)?.['Response'])
const errorOf = (body: unknown) => asObject(responseOf(body)?.['Error'])
const refused = (body: unknown) => errorOf(body) !== undefined

/** `{"Response": {"Error": {"Code", "Message"}}}`, or what an intermediary sends. */
function refusalOf(status: number, body: unknown, refusedRequest: Parameters<typeof exchangeRefusal>[2]) {
  const error = errorOf(body)
  const named = error && { error: asText(error['Code']), message: asText(error['Message']) }
  return exchangeRefusal(named === undefined ? status : 400, named ?? body, refusedRequest, causes)
}

const common = (action: string, version: string, region: string, sent: SentRequest) => ({
  'x-tc-action': action,
  'x-tc-version': version,
  'x-tc-region': region,
  'x-tc-timestamp': String(Math.floor(sent.now.getTime() / 1000)),
})

function assumeRole(
  { settings }: RegistryOf<TencentSettings>,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<TencentCredentials> {
  const { roleArn, providerId, region, site, endpoints } = settings
  const trustFix = compareWithToken(`the trust policy of ${roleArn} and the client ids of provider ${providerId}`)
  return send(context, {
    hop: 'exchange',
    service: 'Tencent Cloud STS',
    url: `${endpoints?.sts ?? `https://sts.${site}`}/`,
    json: {
      ProviderId: providerId,
      WebIdentityToken: subjectToken.value,
      RoleArn: roleArn,
      RoleSessionName: 'pullpass',
      DurationSeconds: sessionSeconds,
    },
    headers: (sent) => ({ ...common('AssumeRoleWithWebIdentity', '2018-08-13', region, sent), authorization: 'SKIP' }),
    refused,
    refusal: (status, body) => refusalOf(status, body, { subjectToken, trustFix }),
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
  const { roleArn, registryId, region, site, endpoints } = registry.settings
  context.secrets.add(session.secretKey)
  const action = 'CreateInstanceToken'
  const trustFix = {
    hint: `attach a policy with tcr:CreateInstanceToken and tcr:PullRepository for ${registryId} to ${roleArn}`,
  }
  return exchangeAt(
    registry,
    {
      hop: authorizationHop,
      service: 'Tencent Container Registry',
      url: `${endpoints?.tcr ?? `https://tcr.${site}`}/`,
      json: { RegistryId: registryId, TokenType: 'temp' },
      headers: (sent) => ({
        ...common(action, '2019-09-24', region, sent),
        'x-tc-token': session.token,
        authorization: authorizationOf(sent, session, { service: 'tcr', action }),
      }),
      refused,
      refusal: (status, body) => refusalOf(status, body, { subjectToken, trustFix }),
      response: { password: '/Response/Token', username: '/Response/Username', expiresAt: '/Response/ExpTime' },
      lifetime: { defaultSeconds: lifeSeconds, maxSeconds: lifeSeconds },
    },
    context,
  )
}
