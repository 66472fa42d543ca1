/**
 * Verifies a client assertion against the federated identity credentials of one identity, with the error numbers of Microsoft
 * Entra. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
 */
import {
  compactVerify,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose'
import type { FederatedCredential } from './directory.ts'

export interface EntraRefusal {
  readonly number: number
  readonly sentence: string
}

export interface Assertion {
  readonly token: string
  readonly clientId: string
  readonly credentials: readonly FederatedCredential[]
  readonly nowSeconds: number
  readonly readKeys: (issuer: string) => Promise<JSONWebKeySet>
}

const skewSeconds = 300
const longestSeconds = 25 * 3600

/** Undefined where it is accepted. */
export async function verifyAssertion(assertion: Assertion): Promise<EntraRefusal | undefined> {
  const { token, nowSeconds } = assertion
  const claims = decodeClaims(token)
  if (claims === undefined) return { number: 50027, sentence: 'JWT token is invalid or malformed.' }
  const { exp = 0, iat = exp, nbf = iat } = claims
  const mismatch = credentialRefusal(claims, assertion)
  if (mismatch !== undefined) return mismatch
  if (exp - nbf > longestSeconds) {
    return {
      number: 70023,
      sentence: 'External OIDC Provider token must have a lifetime of less than or equal to 1.01:00:00',
    }
  }
  if (nowSeconds >= exp + skewSeconds || nowSeconds < nbf - skewSeconds) {
    return {
      number: 700024,
      sentence: `Client assertion is not within its valid time range. Current time: ${isoOf(nowSeconds)}, assertion valid from ${isoOf(nbf)}, expiry time of assertion ${isoOf(exp)}.`,
    }
  }
  return await signatureRefusal(assertion, claims.iss ?? '')
}

const isoOf = (seconds: number) => new Date(seconds * 1000).toISOString()

function decodeClaims(token: string): JWTPayload | undefined {
  try {
    return decodeProtectedHeader(token).alg === 'RS256' ? decodeJwt(token) : undefined
  } catch {
    return undefined
  }
}

const advice = `Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://docs.microsoft.com/en-us/azure/active-directory/develop/workload-identity-federation`

/** Compared with regard to case: https://learn.microsoft.com/entra/identity-platform/reference-breaking-changes */
function credentialRefusal(claims: JWTPayload, { credentials, clientId }: Assertion): EntraRefusal | undefined {
  const { iss = '', sub = '' } = claims
  const audiences = [claims.aud ?? []].flat()
  if (credentials.length === 0) {
    return {
      number: 70025,
      sentence: `The client '${clientId}'(pullpass) has no configured federated identity credentials.`,
    }
  }
  const none = (number: number, what: string, value: string) => ({
    number,
    sentence: `No matching federated identity record found for presented assertion ${what} '${value}'. ${advice}`,
  })
  const ofIssuer = credentials.filter(({ issuer }) => issuer === iss)
  if (ofIssuer.length === 0) return none(700211, 'issuer', iss)
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub)
  const otherCase = ofIssuer.some(({ subject }) => subject?.toLowerCase() === sub.toLowerCase())
  if (ofSubject.length === 0) return none(otherCase ? 7002138 : 700213, 'subject', sub)
  const isFor = ofSubject.some((one) => audiences.length === 1 && one.audiences.includes(audiences[0] ?? ''))
  return isFor ? undefined : none(700212, 'audience', audiences.join(','))
}

async function signatureRefusal({ token, readKeys }: Assertion, issuer: string): Promise<EntraRefusal | undefined> {
  const keys = await readKeys(issuer).catch(() => undefined)
  if (keys === undefined) return { number: 501661, sentence: 'Request to External OIDC endpoint failed.' }
  const { kid = '' } = decodeProtectedHeader(token)
  if (!keys.keys.slice(0, 100).some((key) => key.kid === kid)) {
    return {
      number: 7000272,
      sentence: `The certificate with identifier '${kid}' used to sign the federated credential could not be found in the metadata of identity provider '${issuer}'.`,
    }
  }
  return await compactVerify(token, createLocalJWKSet(keys), { algorithms: ['RS256'] }).then(
    () => undefined,
    () => ({ number: 700027, sentence: 'Client assertion failed signature validation.' }),
  )
}
