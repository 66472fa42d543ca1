/** A token as the sandbox's cluster signs it, except for the given claims. */
import { type JWTHeaderParameters, SignJWT } from 'jose'
import type { TestSandbox } from '../support/start-test-sandbox.ts'

const usual = 'system:serviceaccount:image-system:pullpass'

export interface TokenOdds {
  readonly issuer?: string
  readonly subject?: string
  readonly issuedInSeconds?: number
  readonly expiresInSeconds?: number
  readonly keyId?: string
}

export async function signToken({ cluster, clock, gcp: { provider } }: TestSandbox, odds: TokenOdds): Promise<string> {
  const { issuer = cluster.issuer, subject = usual, issuedInSeconds, expiresInSeconds = 3600, keyId } = odds
  const now = Math.floor(clock.now().getTime() / 1000)
  const { kid, privateKey } = cluster.keys.current
  const header: JWTHeaderParameters = { alg: 'RS256', kid: keyId ?? kid }
  return await new SignJWT({
    aud: [`//iam.googleapis.com/${provider}`],
    iss: issuer,
    sub: subject,
    iat: now + (issuedInSeconds ?? Math.min(0, expiresInSeconds - 3600)),
    exp: now + expiresInSeconds,
  })
    .setProtectedHeader(header)
    .sign(privateKey)
}
