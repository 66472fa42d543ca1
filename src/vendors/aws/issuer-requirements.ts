/** How AWS IAM reads an issuer. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */

import type { IssuerFinding } from '../../oidc/evaluate/finding.ts'
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import type { PublicFacts } from '../../oidc/public/public-facts.ts'

export const issuerRequirements: IssuerRequirements = {
  rules: {
    algorithms: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
    port: 'failed',
    privateAddress: 'failed',
    privateAuthority: {
      result: 'warning',
      fix: 'use a certificate of a public certificate authority, or add the thumbprint of this one to the IAM OIDC provider',
    },
    longestIssuer: 255,
    mostKeys: { count: 100, of: 'kind' },
  },
  evaluateMore: ({ token }) => audienceFindings(token),
}

/** With several audiences AWS evaluates azp, which Kubernetes never sets. Reported by users, not documented. */
function audienceFindings(token: PublicFacts['token']): IssuerFinding[] {
  const count = token?.token.audiences.length ?? 1
  if (count === 1) return []
  const seen =
    count === 0 ? 'the token has no audience' : `the token has ${count} audiences; AWS is known to refuse such tokens`
  const fix = 'request a token with one audience, a client ID of the IAM provider: sts.amazonaws.com'
  return [{ result: count === 0 ? 'failed' : 'warning', code: 'AUDIENCE_NOT_SINGLE', seen, fix }]
}
