/**
 * Alibaba Cloud: a session of a RAM role for the subject token (not signed), then an authorization token of the registry (signed
 * with the session). https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
import { createHash } from 'node:crypto'
import { send, textField, UnexpectedResponse } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject } from '../../text/json-fields.ts'
import { rfc3339 } from '../../text/plain-text.ts'
import { Redacted } from '../../text/redacted.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { expiryOf, localExpiryMs } from '../expiry.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, type ExchangeContext, type RegistryOf, withoutRestrictions } from '../vendor.ts'
import type { AlibabaSettings } from './settings.ts'
import { type AlibabaCredentials, signatureHeaders } from './sign.ts'

const lifeSeconds = 3600
const authorizationHop = 'exchange/authorization'

/** By the code of the response; the codes are not confirmed. */
const causes: readonly MessageCause[] = [
  { pattern: /^EntityNotExist/, code: 'PROVIDER_NOT_FOUND', expected: () => 'the role and the OIDC provider to exist' },
  {
    pattern: /^AuthenticationFail\.NoPermission/,
    code: 'CONDITION_REFUSED',
    expected: ({ subjectToken }) => `a role whose trust policy accepts subject ${subjectToken.subject}`,
  },
  {
    pattern: /^Throttling/,
    code: 'QUOTA_EXCEEDED',
    expected: () => 'requests to stay within the quota',
    retryable: true,
  },
]

export const exchange: Exchange<AlibabaSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['aliyuncs.com'],
  audiences: ({ audience = 'sts.aliyuncs.com' }) => [audience],
  hops: () => ['exchange', authorizationHop],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => lifeSeconds,

  async exchange(registry, subjectToken, context) {
    const session = await assumeRole(registry, subjectToken, context)
    const credential = await authorize(registry, { subjectToken, session }, context)
    // Whether a token is valid after its session is not documented: the earlier end counts.
    const endsMs = Math.min(session.expiresAt.getTime(), credential.expiresAt?.getTime() ?? 0)
    return { ...credential, expiresAt: new Date(endsMs) }
  },
}

interface Session extends AlibabaCredentials {
  readonly expiresAt: Date
}

const trustFixOf = ({ roleArn, oidcProviderArn }: AlibabaSettings) =>
  compareWithToken(`the trust policy of ${roleArn} and the client ids of ${oidcProviderArn}`)

function assumeRole(
  { settings }: RegistryOf<AlibabaSettings>,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<Session> {
  const query = new URLSearchParams({
    Action: 'AssumeRoleWithOIDC',
    Version: '2015-04-01',
    Format: 'JSON',
    Timestamp: rfc3339(context.now()),
  })
  return send(context, {
    hop: 'exchange',
    service: 'Alibaba Cloud STS',
    url: `${settings.endpoints?.sts ?? 'https://sts.aliyuncs.com'}/?${query.toString()}`,
    form: {
      RoleArn: settings.roleArn,
      OIDCProviderArn: settings.oidcProviderArn,
      OIDCToken: subjectToken.value,
      RoleSessionName: 'pullpass',
      DurationSeconds: String(lifeSeconds),
    },
    refusal: (status, body) => exchangeRefusal(status, body, { subjectToken, trustFix: trustFixOf(settings) }, causes),
    read: (response) => {
      const credentials = asObject(response.body)?.['Credentials']
      const expiration = Date.parse(textField(credentials, 'Expiration'))
      if (Number.isNaN(expiration)) throw new UnexpectedResponse('its Expiration is not a time')
      return {
        accessKeyId: textField(credentials, 'AccessKeyId'),
        accessKeySecret: new Redacted(textField(credentials, 'AccessKeySecret')),
        securityToken: new Redacted(textField(credentials, 'SecurityToken')),
        expiresAt: expiryOf(localExpiryMs(expiration, lifeSeconds, response), lifeSeconds, response),
      }
    },
  })
}

/** https://www.alibabacloud.com/help/en/acr/developer-reference/api-cr-2018-12-01-getauthorizationtoken */
function authorize(
  registry: RegistryOf<AlibabaSettings>,
  { subjectToken, session }: { readonly subjectToken: SubjectToken; readonly session: Session },
  context: ExchangeContext,
) {
  const { settings } = registry
  context.secrets.add(session.accessKeySecret)
  const trustFix = {
    hint: `attach a policy with cr:GetAuthorizationToken and cr:PullRepository for instance ${settings.instanceId} to ${settings.roleArn}`,
  }
  const nonce = createHash('sha256')
    .update(JSON.stringify([context.now().getTime(), context.random()]))
    .digest('hex')
    .slice(0, 32)
  const call = { action: 'GetAuthorizationToken', version: '2018-12-01', nonce }
  return exchangeAt(
    registry,
    {
      hop: authorizationHop,
      service: 'Alibaba Cloud Container Registry',
      url: `${settings.endpoints?.cr ?? `https://cr.${settings.region}.aliyuncs.com`}/?InstanceId=${settings.instanceId}`,
      headers: (sent) => signatureHeaders(sent, session, call),
      refusal: (status, body) => exchangeRefusal(status, body, { subjectToken, trustFix }),
      response: { password: '/AuthorizationToken', username: '/TempUsername', expiresAt: '/ExpireTime' },
      lifetime: { defaultSeconds: lifeSeconds, maxSeconds: lifeSeconds },
    },
    context,
  )
}
