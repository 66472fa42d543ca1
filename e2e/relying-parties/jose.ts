/** jose, given only the issuer: https://github.com/panva/jose. It requests with `fetch`, which trusts this process's authorities. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { RelyingParty } from './relying-party.ts'

export const jose: RelyingParty = {
  name: 'jose',
  async verify(token, { issuer, audience }) {
    const discovery = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const { jwks_uri: jwksUri }: { jwks_uri: string } = Object(await discovery.json())
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), { issuer, audience })
    return payload.sub ?? ''
  },
  refusals: {
    'another issuer': /unexpected "iss" claim value/,
    'a key that is not published': /no applicable key found in the JSON Web Key Set/,
    'another audience': /unexpected "aud" claim value/,
  },
}
