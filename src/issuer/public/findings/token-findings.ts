/** What speaks against a token, given what is public: whether a stranger could verify it. */
import { quote } from '../../../outside/quote.ts'
import { shellQuote } from '../../../outside/shell-quote.ts'
import type { CloudRules } from '../cloud.ts'
import type { FindingWord, IssuerFinding } from '../issuer-finding.ts'
import type { PublicFacts, TokenFacts } from '../public-facts.ts'

export function tokenFindings({ issuer, token: facts, at }: PublicFacts, rules: CloudRules): IssuerFinding[] {
  if (facts === undefined) return []
  return [
    ...issuerFindings(facts, issuer),
    ...signatureFindings(facts),
    ...algorithmFindings(facts, rules),
    ...lifeFindings(facts, at),
  ]
}

const problem = (word: FindingWord, says: string, fix: string): IssuerFinding => ({ level: 'problem', word, says, fix })

function issuerFindings({ token }: TokenFacts, issuer: string): IssuerFinding[] {
  if (token.issuer === issuer) return []
  const says = `the token carries issuer ${quote(token.issuer)}, not ${quote(issuer)}`
  const fix = `let the cluster sign as ${issuer}: pullpass issuer show --to-issuer ${shellQuote(issuer)} prints the steps`
  return [problem('TOKEN_ISSUER_DIFFERS', says, fix)]
}

function signatureFindings({ token, signature }: TokenFacts): IssuerFinding[] {
  const key = token.keyId === undefined ? 'a key that it does not name' : `key ${quote(token.keyId)}`
  if (signature === 'unknown-key') {
    const says = `the token is signed by ${key}, which is not published`
    return [problem('TOKEN_KEY_UNPUBLISHED', says, 'publish the keys of the cluster anew: pullpass issuer publish')]
  }
  if (signature === 'wrong') {
    const says = `the token is not signed by the published ${key}: another key has its kid, or the token was altered`
    return [
      problem('TOKEN_SIGNATURE_WRONG', says, 'publish the keys of the cluster that signed it: pullpass issuer publish'),
    ]
  }
  return []
}

function algorithmFindings({ token, signature }: TokenFacts, { algorithms }: CloudRules): IssuerFinding[] {
  const named = token.algorithm ?? ''
  if (algorithms.includes(named) && signature !== 'unsupported') return []
  const says = algorithms.includes(named)
    ? `the token is signed with ${named}, and the published key of its kid is of another kind`
    : `the token is signed with ${quote(named)}; ${algorithms.join(', ')} can be verified`
  return [problem('TOKEN_ALGORITHM_UNREADABLE', says, 'let the cluster sign with an RSA key, or trust it elsewhere')]
}

function lifeFindings({ token: { expiresAt } }: TokenFacts, at: Date): IssuerFinding[] {
  if (expiresAt > at) return []
  const says = `the token expired at ${expiresAt.toISOString()}`
  return [{ level: 'warning', word: 'TOKEN_EXPIRED', says, fix: 'check a fresh one' }]
}
