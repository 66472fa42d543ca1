/** Of a verifier that follows the standard, and whose own limits are not known. https://openid.net/specs/openid-connect-discovery-1_0.html */
import type { IssuerRequirements } from './issuer-requirements.ts'

export const standardRequirements: IssuerRequirements = {
  rules: {
    algorithms: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
    port: undefined,
    privateAddress: 'warning', // it can be in the same network
    privateAuthority: {
      result: 'warning',
      fix: 'use a certificate of a public authority, or configure each verifier to trust this one',
    },
    longestIssuer: undefined,
    mostKeys: undefined,
  },
  evaluateMore: () => [],
}
