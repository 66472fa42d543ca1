/** Any other verifier that follows the standard. https://openid.net/specs/openid-connect-discovery-1_0.html */
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'

export const issuerRequirements: IssuerRequirements = {
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
