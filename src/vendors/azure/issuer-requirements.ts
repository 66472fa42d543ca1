/** How Microsoft Entra reads an issuer. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
import type { IssuerFinding } from '../../oidc/evaluate/finding.ts'
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import type { PublicFacts } from '../../oidc/public/public-facts.ts'
import { quote } from '../../text/plain-text.ts'

export const issuerRequirements: IssuerRequirements = {
  rules: {
    algorithms: ['RS256'],
    port: 'warning',
    privateAddress: 'failed',
    privateAuthority: { result: 'failed', fix: 'use a certificate of a public authority' },
    longestIssuer: 600,
    mostKeys: { count: 100, of: 'all' },
  },
  evaluateMore: ({ token }) => audienceFindings(token),
}

const usual = /^api:\/\/AzureADTokenExchange(USGov|China)?$/

function audienceFindings(token: PublicFacts['token']): IssuerFinding[] {
  if (token === undefined) return []
  const { audiences } = token.token
  const [first = ''] = audiences
  if (audiences.length !== 1) {
    const seen = audiences.length === 0 ? 'the token has no audience' : `the token has ${audiences.length} audiences`
    const fix = 'request a token with one audience: api://AzureADTokenExchange'
    return [{ result: 'failed', code: 'AUDIENCE_NOT_SINGLE', seen, fix }]
  }
  if (usual.test(first)) return []
  const seen = `the token has audience ${quote(first)}, not api://AzureADTokenExchange`
  const fix = 'request a token for that audience, unless the federated credential has exactly this one'
  return [{ result: 'warning', code: 'AUDIENCE_MISMATCH', seen, fix }]
}
