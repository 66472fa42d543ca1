/** The claims of a JWT that was just received from its issuer over TLS: its signature is not verified. RFC 7519 */
import { asObject, type JsonObject, jsonOrNone } from '../text/json-fields.ts'

/** Characters of the token. A registry's token usually has about 2,000; with access to hundreds of repositories it has more. */
const longestToken = 64 * 1024

/** Undefined for a text that is not a JWT, and for a longer one. */
export function decodeJwtClaims(token: string): JsonObject | undefined {
  const [header, payload, signature, ...more] = token.length > longestToken ? [] : token.split('.', 4)
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return undefined
  return asObject(jsonOrNone(Buffer.from(payload, 'base64url').toString('utf8')))
}

/** Of a JWT that authenticates a client or an identity at a token endpoint. RFC 7523 §2.2 */
export const jwtBearerAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
