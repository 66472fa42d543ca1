/** Verifies an identity token for a role, with the errors of AWS's token service. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html */
import { X509Certificate } from 'node:crypto'
import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { type IssuerConnection, readPublishedKeys } from '../../issuer/published-keys.ts'
import { type Account, accountId, type OidcProvider, providerArn, type Role } from '../iam/account.ts'
import { allows } from '../iam/policy.ts'
import { AwsRefusal } from '../query-api.ts'

export interface WebIdentityNeeds {
  readonly account: Account
  readonly issuers: IssuerConnection
  readonly now: Date
  /** Whether the authority of the sandbox counts as a public one; otherwise a provider needs its thumbprint. */
  readonly issuerAuthority: 'public' | 'private'
}

export interface WebIdentity {
  readonly subject: string
  readonly audience: string
  readonly provider: string
}

const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']

/** @throws AwsRefusal */
export async function verifyWebIdentity(
  token: string,
  roleArn: string,
  needs: WebIdentityNeeds,
): Promise<{ readonly identity: WebIdentity; readonly role: Role }> {
  const { account, now } = needs
  const claims = decode(token)
  const { iss = '', sub = '', exp = 0 } = claims
  const seconds = Math.floor(now.getTime() / 1000)
  if (exp <= seconds)
    throw new AwsRefusal(
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${exp}`,
    )
  const key = iss.replace(/^https:\/\//, '')
  const provider = account.providers.get(key)
  if (provider === undefined || !iss.startsWith('https://'))
    throw invalid(`No OpenIDConnect provider found in your account for ${iss}`)
  const audiences = [claims.aud ?? []].flat()
  const [audience = ''] = typeof claims['azp'] === 'string' ? [claims['azp']] : audiences
  if (audiences.length !== 1 || !provider.clientIds.includes(audience)) throw invalid('Incorrect token audience')
  await verifyKey(token, iss, provider, needs)
  const [, , , , owner, resource = ''] = roleArn.split(':')
  const role = owner === accountId ? account.roles.get(resource.slice(resource.lastIndexOf('/') + 1)) : undefined
  const isTrusted =
    role !== undefined &&
    allows([role.trustPolicy], {
      action: 'sts:AssumeRoleWithWebIdentity',
      principal: ['Federated', providerArn(key)],
      context: { [`${key}:sub`]: sub, [`${key}:aud`]: audience },
    })
  if (!isTrusted) throw new AwsRefusal('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403)
  return { identity: { subject: sub, audience, provider: providerArn(key) }, role }
}

function decode(token: string): JWTPayload {
  try {
    const { alg } = decodeProtectedHeader(token)
    if (alg !== undefined && algorithms.includes(alg)) return decodeJwt(token)
  } catch {
    // AWS reports the same error for any malformed token
  }
  throw invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)')
}

async function verifyKey(
  token: string,
  issuerUri: string,
  provider: OidcProvider,
  { issuers, issuerAuthority }: WebIdentityNeeds,
) {
  if (issuerAuthority === 'private' && !provider.thumbprints.includes(thumbprintOf(issuers)))
    throw invalid("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")
  const unreadable = invalid(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  )
  const keys = await readPublishedKeys({ issuerUri }, issuers).catch(() => {
    throw unreadable
  })
  if (!keys.keys.some(({ kid }) => kid === decodeProtectedHeader(token).kid)) throw unreadable
  await compactVerify(token, createLocalJWKSet(keys), { algorithms }).catch(() => {
    throw invalid('Token signature verification failed')
  })
}

/** SHA-1 of the authority's certificate. */
export const thumbprintOf = ({ ca = '' }: IssuerConnection): string =>
  new X509Certificate(ca).fingerprint.replaceAll(':', '').toLowerCase()

const invalid = (message: string) => new AwsRefusal('InvalidIdentityToken', message)
