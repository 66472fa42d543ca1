/** An issuer for tests: signs tokens with its own key, and has a handler for its metadata. */
import { type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'

export const issuerUri = 'https://issuer.example'
export const providerName = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
export const subject = 'system:serviceaccount:image-system:pullpass'

export interface TestIssuer {
  readonly jwks: JSONWebKeySet
  readonly documents: SandboxHandler
  /** A token that is valid from `now` for an hour, with the default audience; claims and header can be changed. */
  readonly sign: (now: Date, changes?: object, header?: { alg?: string; kid?: string }) => Promise<string>
}

export async function createTestIssuer(alg: 'RS256' | 'ES256' = 'RS256'): Promise<TestIssuer> {
  const { privateKey, publicKey }: { privateKey: CryptoKey; publicKey: CryptoKey } = await generateKeyPair(alg)
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1', alg, use: 'sig' }] }
  return {
    jwks,
    documents: ({ path }) => {
      if (path === '/openid/v1/jwks') return { status: 200, body: jwks }
      if (path !== '/.well-known/openid-configuration') return { status: 404 }
      return { status: 200, body: { issuer: issuerUri, jwks_uri: `${issuerUri}/openid/v1/jwks` } }
    },
    sign(now, changes = {}, header = {}) {
      const iat = Math.floor(now.getTime() / 1000)
      const claims = {
        iss: issuerUri,
        sub: subject,
        aud: [`//iam.googleapis.com/${providerName}`],
        iat,
        exp: iat + 3600,
      }
      return new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg, kid: 'key-1', ...header })
        .sign(privateKey)
    },
  }
}
