/**
 * openid-client, certified by the OpenID Foundation as a relying party: https://github.com/panva/openid-client. It
 * receives ID tokens from a token endpoint, which a cluster does not have: the test imitates one. Its other requests, with `fetch`,
 * go to the issuer.
 */
import {
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  genericGrantRequest,
  None,
} from 'openid-client'
import type { RelyingParty } from './relying-party.ts'

const tokenEndpoint = 'https://token.example.com/'

export const openidClient: RelyingParty = {
  name: 'openid-client',
  async verify(token, { issuer, audience }) {
    try {
      const found = (await discovery(new URL(issuer), audience, undefined, None())).serverMetadata()
      const { jwks_uri = '', id_token_signing_alg_values_supported = [] } = found
      const needed = { issuer: found.issuer, jwks_uri, id_token_signing_alg_values_supported }
      const client = new Configuration({ ...needed, token_endpoint: tokenEndpoint }, audience)
      client[customFetch] = simulateTokenEndpoint(token)
      enableNonRepudiationChecks(client) // otherwise it does not verify tokens from a token endpoint
      return (await genericGrantRequest(client, 'test', {})).claims()?.sub ?? ''
    } catch (fault) {
      throw new Error(messagesOf(fault), { cause: fault })
    }
  },
  refusals: {
    'another issuer': /discovered metadata issuer does not match the expected issuer/,
    'a key that is not published': /no applicable keys found/,
    'another audience': /unexpected JWT "aud" \(audience\) claim value/,
  },
}

const simulateTokenEndpoint =
  (token: string): CustomFetch =>
  async (url, { headers, redirect }) =>
    url === tokenEndpoint
      ? Response.json({ access_token: 'none', token_type: 'bearer', id_token: token })
      : await fetch(url, { headers, redirect })

/** The message of the error and of its causes. */
function messagesOf(fault: unknown): string {
  return fault instanceof Error ? `${fault.message}: ${messagesOf(fault.cause)}` : ''
}
