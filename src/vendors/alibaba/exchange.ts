/**
 * Alibaba Cloud: a session of a RAM role for the subject token (not signed), then an authorization token of the registry (signed
 * with the session). https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
import { send, textField, UnexpectedResponse } from '../../http/send.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { Redacted } from '../../text/redacted.ts'
import { rfc3339 } from '../../text/time.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { expiryOf, localExpiryMs } from '../expiry.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, type ExchangeContext, type RegistryOf, withoutRestrictions } from '../vendor.ts'
import { checkEndpoints, crEndpoint, exchangeVariables, stsEndpoint } from './endpoints.ts'
import { usualAudience } from './names.ts'
import type { AlibabaSettings } from './settings.ts'
import { type AlibabaCredentials, newNonce, signatureHeaders } from './sign.ts'

const lifeSeconds = 3600
const authorizationHop = 'exchange/authorization'

/**
 * By the code of the response, or by its message. https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-errorcodes,
 * and for IssuerNotMatch, IssuerConfigurationBroken and EntityNotExist.Role the guide of its managed Kubernetes service:
 * https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/use-rrsa-to-authorize-pods-to-access-different-cloud-services
 */
const causes: readonly MessageCause[] = [
  { pattern: /^EntityNotExist/, code: 'PROVIDER_NOT_FOUND', expected: () => 'the role to exist' },
  {
    pattern: /^No such OIDC Provider registered/,
    code: 'PROVIDER_NOT_FOUND',
    expected: ({ subjectToken }) => `an OIDC provider for exactly the issuer ${quote(subjectToken.issuer)}`,
  },
  {
    pattern: /^AuthenticationFail\.OIDCToken\.IssuerNotMatch/,
    code: 'ISSUER_REFUSED',
    expected: ({ subjectToken }) => `the OIDC provider to be for issuer ${quote(subjectToken.issuer)}`,
  },
  {
    pattern: /^AuthenticationFail\.OIDCToken\.AudienceNotMatch/,
    code: 'AUDIENCE_REFUSED',
    expected: ({ subjectToken }) =>
      `the audience of the token, ${subjectToken.audiences.map(quote).join(', ')}, among the client ids of the OIDC provider`,
  },
  {
    pattern: /^AuthenticationFail\.OIDCToken\.(?:HttpsUrlInvalid|PublicKeyFingerprintMismatch)/,
    code: 'CERTIFICATE_UNTRUSTED',
    expected: ({ subjectToken }) =>
      `a certificate at ${subjectToken.issuer} of an authority whose fingerprint the OIDC provider has`,
    fix: 'set alibaba.trust.fingerprints to the SHA-1 of the authority, then pullpass trust apply -f FILE --replace fingerprints',
  },
  {
    pattern: /^AuthenticationFail\.OIDCToken\.IssuerConfigurationBroken/,
    code: 'ISSUER_UNREACHABLE',
    expected: ({ subjectToken }) =>
      `${subjectToken.issuer}/.well-known/openid-configuration and its JWKS, readable without credentials`,
    fix: "publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again",
    retryable: true,
  },
  {
    pattern: /^AuthenticationFail\.OIDCToken\.InvalidSignature/,
    code: 'SIGNATURE_INVALID',
    expected: () => 'the published keys to be those that the cluster signs with',
    fix: "publish the cluster's current JWKS",
  },
  {
    pattern: /^AuthenticationFail\.OIDCToken\.Expired/,
    code: 'TOKEN_STALE',
    expected: ({ subjectToken }) =>
      `a token that is valid by Alibaba Cloud's clock; this one expires at ${rfc3339(subjectToken.expiresAt)}`,
    fix: "check that the cluster's and this machine's clocks are right, and that the token file is renewed (the kubelet renews that of a projected volume)",
  },
  {
    pattern: /^AuthenticationFail\.NoPermission/,
    code: 'CONDITION_REFUSED',
    expected: ({ subjectToken }) => `a role whose trust policy accepts subject ${subjectToken.subject}`,
  },
  {
    pattern: /^Throttling/,
    code: 'QUOTA_EXCEEDED',
    expected: () => 'requests to stay within the quota',
    fix: 'no action if this is temporary',
    retryable: true,
  },
]

/** Of Container Registry; that its code is NoPermission, as of other services, is not confirmed. */
const denials: readonly MessageCause[] = [
  {
    pattern: /^(?:NoPermission|Forbidden)/,
    code: 'IMPERSONATION_DENIED',
    expected: () => 'a policy of the role that allows cr:GetAuthorizationToken',
  },
]

export const exchange: Exchange<AlibabaSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['aliyuncs.com'],
  endpointVariables: exchangeVariables,
  checkEnvironment: checkEndpoints,
  audiences: ({ audience = usualAudience }) => [audience],
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
    url: `${stsEndpoint(settings, context.environment)}/?${query.toString()}`,
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

const authorization = { action: 'GetAuthorizationToken', version: '2018-12-01' }

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
  return exchangeAt(
    registry,
    {
      hop: authorizationHop,
      service: 'Alibaba Cloud Container Registry',
      url: `${crEndpoint(settings, context.environment)}/?InstanceId=${settings.instanceId}`,
      headers: (sent) => signatureHeaders(sent, session, { ...authorization, nonce: newNonce(context) }),
      refusal: (status, body) => exchangeRefusal(status, body, { subjectToken, trustFix }, denials),
      response: { password: '/AuthorizationToken', username: '/TempUsername', expiresAt: '/ExpireTime' },
      lifetime: { defaultSeconds: lifeSeconds, maxSeconds: lifeSeconds },
    },
    context,
  )
}
