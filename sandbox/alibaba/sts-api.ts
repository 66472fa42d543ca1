/**
 * Security Token Service. Its codes and messages are those of
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-errorcodes and of the guide of the managed Kubernetes service;
 * the message of PublicKeyFingerprintMismatch is not confirmed.
 */
import { X509Certificate } from 'node:crypto'
import { type IssuerConnection, readPublishedKeys } from '../issuer/published-keys.ts'
import { type Rejection, verifyIdentity } from '../issuer/verify-identity.ts'
import { type Account, accountId, arnOf, issueSession, type OidcProvider, type Role } from './account.ts'
import { allows, parsePolicy } from './policy.ts'
import { type RpcAction, type RpcCall, RpcRefusal } from './rpc-api.ts'

interface StsNeeds {
  readonly account: Account
  readonly now: () => Date
  readonly issuers: IssuerConnection
}

export const stsActions = (needs: StsNeeds): Readonly<Record<string, RpcAction>> => ({
  AssumeRoleWithOIDC: (call) => assumeRole(call, needs),
  GetCallerIdentity(call) {
    const { arn, role } = call.caller()
    const IdentityType = role === undefined ? 'RAMUser' : 'AssumedRoleUser'
    return { AccountId: accountId, Arn: arn, IdentityType, PrincipalId: '28877424437521' }
  },
})

async function assumeRole({ field, fields }: RpcCall, { account, now, issuers }: StsNeeds): Promise<object> {
  const provider = [...account.providers.values()].find(
    ({ name }) => arnOf('oidc-provider', name) === field('OIDCProviderArn'),
  )
  if (provider === undefined) throw noPermission('No such OIDC Provider registered.')
  const claims = await verifyToken(field('OIDCToken'), provider, { now: now(), issuers })
  const roleArn = field('RoleArn')
  const role = [...account.roles.values()].find(({ name }) => arnOf('role', name) === roleArn)
  if (role === undefined) throw new RpcRefusal(404, 'EntityNotExist.Role', `The role not exists: ${roleArn}. `)
  if (!trusts(role, provider, claims)) throw noPermission('There is no permission')
  const seconds = Number(fields.get('DurationSeconds') ?? 3600)
  if (!(seconds >= 900 && seconds <= role.maxSessionSeconds)) {
    throw new RpcRefusal(
      400,
      'InvalidParameter.DurationSeconds',
      'The Min/Max value of DurationSeconds is 15min/MaxSessionDuration.',
    )
  }
  const name = field('RoleSessionName')
  if (!/^[A-Za-z0-9.@_-]{2,64}$/.test(name))
    throw new RpcRefusal(400, 'InvalidParameter.RoleSessionName', 'The parameter RoleSessionName is wrongly formed.')
  const expiresAt = new Date(Math.floor(now().getTime() / 1000) * 1000 + seconds * 1000)
  const arn = `acs:ram::${accountId}:assumed-role/${role.name}/${name}`
  const { id, secret, securityToken } = issueSession(account, { arn, role: role.name }, expiresAt)
  const Expiration = expiresAt.toISOString().replace(/\.\d{3}/, '')
  return {
    AssumedRoleUser: { Arn: arn, AssumedRoleId: `33300000000000:${name}` },
    OIDCTokenInfo: { Subject: claims.subject, Issuer: provider.issuer, ClientIds: claims.audience },
    Credentials: { AccessKeyId: id, AccessKeySecret: secret, SecurityToken: securityToken, Expiration },
  }
}

interface TokenClaims {
  readonly subject: string
  readonly audience: string
}

const trusts = ({ trust }: Role, provider: OidcProvider, { subject, audience }: TokenClaims) => {
  const policy = parsePolicy(trust, 'trust')
  return (
    policy !== undefined &&
    allows([policy], {
      action: 'sts:AssumeRole',
      provider: arnOf('oidc-provider', provider.name),
      context: { 'oidc:iss': provider.issuer, 'oidc:sub': subject, 'oidc:aud': audience },
    })
  )
}

async function verifyToken(
  token: string,
  provider: OidcProvider,
  { now, issuers }: { readonly now: Date; readonly issuers: IssuerConnection },
): Promise<TokenClaims> {
  const claims = claimsOf(token)
  const { iss, sub = '', aud } = claims
  if (iss !== provider.issuer)
    throw oidcFault('IssuerNotMatch', "The issuer in the OIDC Token doesn't match the OIDC Provider registered.")
  const audience = [aud ?? []].flat().find((one) => provider.clientIds.includes(one))
  if (audience === undefined) throw oidcFault('AudienceNotMatch', 'Invalid audience.')
  if (!provider.fingerprints.some((one) => one.toLowerCase() === fingerprintOf(issuers)))
    throw oidcFault('PublicKeyFingerprintMismatch', 'The fingerprint of the certificate does not match.')
  const keys = await readPublishedKeys({ issuerUri: provider.issuer }, issuers).catch(() => {
    throw brokenConfiguration(provider)
  })
  const verdict = verifyIdentity(token, { issuer: provider.issuer, subject: sub, audience }, keys, now)
  if ('rejection' in verdict) throw rejected(verdict.rejection, provider)
  return { subject: sub, audience }
}

function claimsOf(token: string): { iss?: string; sub?: string; aud?: string | string[] } {
  const parts = token.split('.')
  if (parts.length !== 3)
    throw oidcFault('Invalid', "The number of Jwt field should be divided into 3 parts with '.' .")
  try {
    return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString())
  } catch {
    throw oidcFault('Invalid', 'The Jwt content is invalid that cannot be recognized.')
  }
}

function rejected(rejection: Rejection, provider: OidcProvider): RpcRefusal {
  if (rejection === 'expired') return oidcFault('Expired', 'This JsonWebToken is expired.')
  if (rejection === 'signature') return oidcFault('InvalidSignature', 'OIDC token validate failed: invalid signature.')
  if (rejection === 'key') return brokenConfiguration(provider)
  return oidcFault('Invalid', 'The Jwt content is invalid that cannot be recognized.')
}

/** That a key which is not published has this code is not confirmed. */
const brokenConfiguration = ({ issuer }: OidcProvider) =>
  oidcFault('IssuerConfigurationBroken', `Get public keys from OIDC Provider failed, the issuer is ${issuer}.`)

/** SHA-1 of the authority's certificate. */
export const fingerprintOf = ({ ca = '' }: IssuerConnection): string =>
  new X509Certificate(ca).fingerprint.replaceAll(':', '').toLowerCase()

const oidcFault = (code: string, message: string) =>
  new RpcRefusal(401, `AuthenticationFail.OIDCToken.${code}`, message)
const noPermission = (message: string) => new RpcRefusal(401, 'AuthenticationFail.NoPermission', message)
