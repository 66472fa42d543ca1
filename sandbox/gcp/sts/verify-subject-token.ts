/**
 * Verifies a subject token for one provider, with the error messages of Google's STS.
 * https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
 */
import {
  compactVerify,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose'
import type { Refusal } from '../api-errors.ts'
import type { Provider } from '../iam/workload-identity.ts'
import { type MappedIdentity, mapAttributes } from './map-attributes.ts'

export type Verdict =
  | { readonly identity: MappedIdentity /** Seconds since the epoch. */; readonly expiry: number }
  | { readonly refusal: Refusal }

const skewSeconds = 60
const algorithms = ['RS256', 'ES256']

export async function verifySubjectToken(
  token: string,
  provider: Provider,
  nowSeconds: number,
  readKeys: () => Promise<JSONWebKeySet>,
): Promise<Verdict> {
  const claims = decodeClaims(token)
  if (!claims) return { refusal: grantRefusal('Unable to parse the ID Token.') }
  const refusal = claimsRefusal(claims, provider, nowSeconds) ?? (await signatureRefusal(token, readKeys))
  if (refusal) return { refusal }
  const mapped = mapAttributes(claims, provider)
  return 'refusal' in mapped ? mapped : { identity: mapped.identity, expiry: claims.exp ?? 0 }
}

function decodeClaims(token: string): JWTPayload | undefined {
  try {
    decodeProtectedHeader(token)
    return decodeJwt(token)
  } catch {
    return undefined // Google reports the same error for any malformed token
  }
}

function claimsRefusal(claims: JWTPayload, provider: Provider, nowSeconds: number): Refusal | undefined {
  const { iss, iat, exp } = claims
  if (iss !== provider.issuerUri)
    return grantRefusal(
      `The issuer in ID Token ${iss} does not match the expected one in config: ${provider.issuerUri}`,
    )
  const audiences = [claims.aud ?? []].flat()
  const expected = provider.allowedAudiences ?? defaultAudiences(provider.name)
  if (!audiences.some((audience) => expected.includes(audience)))
    return grantRefusal(`The audience in ID Token [${audiences.join(', ')}] does not match the expected audience.`)
  const timely = iat && exp && iat - skewSeconds <= nowSeconds && nowSeconds < exp + skewSeconds
  return timely ? undefined : grantRefusal(`ID Token issued at ${iat} is stale to sign-in.`)
}

async function signatureRefusal(token: string, readKeys: () => Promise<JSONWebKeySet>): Promise<Refusal | undefined> {
  const unreachable = grantRefusal("Error connecting to the given credential's issuer.")
  const keys = await readKeys().catch(() => undefined)
  const { kid } = decodeProtectedHeader(token)
  if (!keys?.keys.some((key) => key.kid === kid)) return unreachable
  try {
    await compactVerify(token, createLocalJWKSet(keys), { algorithms })
    return undefined
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) return unreachable // an uploaded key that is invalid
    return grantRefusal('Unable to verify the ID Token signature.')
  }
}

const defaultAudiences = (name: string) => [`//iam.googleapis.com/${name}`, `https://iam.googleapis.com/${name}`]

const grantRefusal = (description: string): Refusal => ({ error: 'invalid_grant', error_description: description })
