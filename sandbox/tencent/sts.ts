/**
 * Security Token Service, which verifies an identity token with the keys of the provider. The codes are those that Tencent's client
 * lists for the action; which of them it returns for which fault, and the texts, are not confirmed, except that of a trust policy that
 * does not match: it names only the condition on the subject. https://www.tencentcloud.com/document/product/1150/49454
 */
import type { JSONWebKeySet } from 'jose'
import { claimsOf, verifyIdentity } from '../issuer/verify-identity.ts'
import { type Account, accountId, providerArn, roleArn } from './account.ts'
import { type AccessKeys, type Api, type ApiCall, TencentRefusal } from './api.ts'
import { allows, parsePolicy } from './policy.ts'

interface StsNeeds {
  readonly account: Account
  readonly keys: AccessKeys
  readonly now: () => Date
}

const mostSeconds = 43_200

export const stsApi = (needs: StsNeeds): Api => ({
  service: 'sts',
  version: '2018-08-13',
  actions: {
    AssumeRoleWithWebIdentity: (call) => assumeRole(call, needs),
    GetCallerIdentity(call) {
      const { arn } = call.caller()
      return { Arn: arn, AccountId: accountId, UserId: accountId, PrincipalId: accountId, Type: 'CAMUser' }
    },
  },
})

function assumeRole({ headers, body, text }: ApiCall, { account, keys, now }: StsNeeds): object {
  if (headers['authorization'] !== 'SKIP')
    throw new TencentRefusal('InvalidParameter.ParamError', 'The request is not valid.')
  const seconds = Number(body['DurationSeconds'] ?? 7200)
  if (!(seconds > 0 && seconds <= mostSeconds))
    throw new TencentRefusal('InvalidParameter.ParamError', 'DurationSeconds.')
  text('RoleSessionName')
  const { identity, provider } = verifyToken(text('WebIdentityToken'), text('ProviderId'), { account, now: now() })
  const arn = text('RoleArn')
  const role = [...account.roles.values()].find(({ name }) => roleArn(name) === arn)
  if (role === undefined) throw new TencentRefusal('InternalError.GetRoleError', 'Failed to get the role.')
  const trust = parsePolicy(role.document, 'trust')
  const context = { 'oidc:iss': identity.iss, 'oidc:aud': identity.aud, 'oidc:sub': identity.sub }
  const action = 'sts:AssumeRoleWithWebIdentity'
  if (trust === undefined || !allows([trust], { action, federated: providerArn(provider), context }))
    throw new TencentRefusal(
      'UnauthorizedOperation',
      `[request id:ed93f3cb-f35e-473f-b9f3-0d451b8b79c6]you are not authorized to perform operation (${action})\nresource (${arn}) has no permission\n`,
    )
  const expiresAt = new Date(now().getTime() + seconds * 1000)
  const { id, secret, token } = keys.issue({ arn, role: role.name }, expiresAt)
  return {
    ExpiredTime: Math.floor(expiresAt.getTime() / 1000),
    Expiration: expiresAt.toISOString(),
    Credentials: { Token: token, TmpSecretId: id, TmpSecretKey: secret },
  }
}

interface Verifying {
  readonly account: Account
  readonly now: Date
}

function verifyToken(token: string, name: string, { account, now }: Verifying) {
  const refused = new TencentRefusal('InvalidParameter.WebIdentityTokenError', 'WebIdentityToken parameter error.')
  const provider = account.providers.get(name)
  if (provider === undefined || provider.status !== 11) throw refused
  const { aud, sub } = claimsOf(token)
  const audience = [aud].flat().find((one) => typeof one === 'string' && provider.clientIds.includes(one))
  if (typeof audience !== 'string') throw refused
  const trusted = { issuer: provider.url, subject: String(sub), audience }
  const verdict = verifyIdentity(token, trusted, keysOf(provider.key), now)
  if ('rejection' in verdict) throw refused
  return { identity: { ...verdict.claims, aud: audience }, provider: name }
}

/** Of an IdentityKey; undefined for one that CAM refuses. */
export function readIdentityKey(key: string): JSONWebKeySet | undefined {
  try {
    const keys: unknown = Object(JSON.parse(Buffer.from(key, 'base64').toString())).keys
    return Array.isArray(keys) && keys.length > 0 ? { keys } : undefined
  } catch {
    return undefined
  }
}

const keysOf = (key: string): JSONWebKeySet => readIdentityKey(key) ?? { keys: [] }
