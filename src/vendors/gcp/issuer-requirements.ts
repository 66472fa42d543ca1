/** How Google Cloud reads an issuer. https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes */
import type { IssuerFinding } from '../../oidc/evaluate/finding.ts'
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import type { PublicFacts } from '../../oidc/public/public-facts.ts'
import { quote } from '../../text/plain-text.ts'
import { shellVariable } from '../../text/shell.ts'
import { checkSubjectLength } from './names.ts'

export const issuerRequirements: IssuerRequirements = {
  rules: {
    algorithms: ['RS256', 'ES256'],
    port: 'warning',
    privateAddress: 'failed',
    privateAuthority: {
      result: 'failed',
      fix: 'use a certificate of a public authority, or upload the keys',
      command: `pullpass issuer publish --to gcp-provider:${shellVariable('PROVIDER')}`,
    },
    longestIssuer: undefined,
    mostKeys: undefined,
  },
  evaluateMore: ({ token }) => [...subjectFindings(token), ...audienceFindings(token)],
}

function subjectFindings(token: PublicFacts['token']): IssuerFinding[] {
  const fault = token === undefined ? undefined : checkSubjectLength(token.token.subject, 'the token')
  if (fault === undefined) return []
  return [{ result: 'failed', code: 'SUBJECT_TOO_LONG', seen: fault.seen, fix: fault.hint ?? '' }]
}

const provider =
  /^(https:)?\/\/iam\.googleapis\.com\/projects\/[^/]+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+$/

function audienceFindings(token: PublicFacts['token']): IssuerFinding[] {
  if (token === undefined || token.token.audiences.some((audience) => provider.test(audience))) return []
  const seen = `the token has ${audiencesOf(token.token.audiences)}, none of them the name of a provider`
  const fix =
    'request a token for //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, unless the provider allows this audience (allowedAudiences)'
  return [{ result: 'warning', code: 'AUDIENCE_MISMATCH', seen, fix }]
}

const audiencesOf = (audiences: readonly string[]) =>
  audiences.length === 0 ? 'no audience' : `the audiences ${audiences.slice(0, 5).map(quote).join(', ')}`
