/** Findings about the keys of a JWKS. RFC 7517 §4, RFC 7518 §6. */
import { quote } from '../../text/plain-text.ts'
import { shellOperand } from '../../text/shell.ts'
import { rfc3339 } from '../../text/time.ts'
import { type IssuerKey, whyUnusable } from '../keys.ts'
import type { PublicFacts, TokenFacts } from '../public/public-facts.ts'
import { type IssuerFinding, type IssuerFindingCode, type IssuerFindingResult, publishAgain } from './finding.ts'
import type { VerifierRules } from './issuer-requirements.ts'

export function keyFindings({ found, keys }: PublicFacts, rules: VerifierRules): IssuerFinding[] {
  const jwks = found?.jwks
  if (jwks?.kind !== 'response' || jwks.status !== 200) return []
  if (keys === undefined) {
    const what = /^\s*</.test(jwks.text) ? 'a page' : 'no JWKS'
    return [republished('failed', 'DISCOVERY_MALFORMED', `${jwks.url} is ${what}`, 'publish the keys again')]
  }
  return [
    ...privateFindings(keys),
    ...absenceFindings(keys, rules),
    ...numberFindings(keys, rules),
    ...twinFindings(keys),
    ...unneededMemberFindings(keys),
  ]
}

const finding = (result: IssuerFindingResult, code: IssuerFindingCode, seen: string, fix: string): IssuerFinding => ({
  result,
  code,
  seen,
  fix,
})

const republished = (...[result, code, seen, fix]: Parameters<typeof finding>): IssuerFinding => ({
  ...finding(result, code, seen, fix),
  command: publishAgain,
})

const nameOf = ({ keyId }: IssuerKey) => (keyId === undefined ? 'a key without kid' : `key ${quote(keyId)}`)

/** RFC 7518 §6.2.2, §6.3.2, §6.4: private or symmetric key material. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

function privateFindings(keys: readonly IssuerKey[]): IssuerFinding[] {
  const exposed = keys.filter(({ otherMembers }) => otherMembers.some((name) => privateMembers.includes(name)))
  return exposed.map((key) => {
    const members = key.otherMembers.filter((name) => privateMembers.includes(name)).join(', ')
    const seen = `ALARM: ${nameOf(key)} is published with its private key (${members}, not shown): any client that reads it can sign tokens for any ServiceAccount of the cluster`
    return finding(
      'failed',
      'PRIVATE_KEY_PUBLISHED',
      seen,
      'remove it immediately, and replace the signing key of the cluster',
    )
  })
}

/** Why this cloud does not read it; undefined where it does. */
const whyUnread = (key: IssuerKey, { algorithms }: VerifierRules) =>
  whyUnusable(key) ??
  (algorithms.includes(key.algorithm ?? '')
    ? undefined
    : `${quote(key.algorithm ?? '')} is none of ${algorithms.join(', ')}`)

function absenceFindings(keys: readonly IssuerKey[], rules: VerifierRules): IssuerFinding[] {
  if (keys.length === 0)
    return [republished('failed', 'KEYS_MISSING', 'the JWKS contains no key', 'publish the keys of the cluster')]
  const unread = keys.flatMap((key) => {
    const why = whyUnread(key, rules)
    return why === undefined ? [] : [`${nameOf(key)}: ${why}`]
  })
  if (unread.length === 0) return []
  const shown = `${unread.slice(0, 5).join('; ')}${unread.length > 5 ? `; and ${unread.length - 5} more` : ''}`
  if (unread.length < keys.length) {
    const fix = 'sign with another key; to publish without keys that no cloud can use'
    return [republished('warning', 'KEY_UNUSABLE', `${shown}: tokens that it signs are refused`, fix)]
  }
  const seen = `none of the ${keys.length} keys can be used (${shown})`
  const fix = 'let the cluster sign with an RSA key: every cloud supports RS256'
  return [finding('failed', 'KEYS_UNUSABLE', seen, fix)]
}

function numberFindings(keys: readonly IssuerKey[], { mostKeys }: VerifierRules): IssuerFinding[] {
  if (mostKeys === undefined) return []
  const groups = mostKeys.of === 'all' ? [keys] : [...Map.groupBy(keys, ({ type }) => type).values()]
  return groups
    .filter((group) => group.length > mostKeys.count)
    .map((group) => {
      const kind = mostKeys.of === 'all' ? '' : ` of kind ${quote(group[0]?.type ?? '')}`
      const seen = `the JWKS contains ${group.length} keys${kind}; ${mostKeys.count} are read`
      return finding('failed', 'KEYS_TOO_MANY', seen, 'remove the keys that are no longer used')
    })
}

function twinFindings(keys: readonly IssuerKey[]): IssuerFinding[] {
  const named = keys.filter(({ keyId }) => keyId !== undefined)
  const twins = [...Map.groupBy(named, ({ keyId }) => keyId).values()].filter((group) => group.length > 1)
  return twins.map(([key, ...others]) => {
    const seen = `kid ${quote(key?.keyId ?? '')} names ${others.length + 1} keys: a verifier uses the first one that it finds`
    return finding('warning', 'KEY_ID_DUPLICATE', seen, 'publish each key once')
  })
}

/** `x5c`, `x5t`, `key_ops`: harmless by the standard, but a vendor was observed to refuse a key for `key_ops`. */
function unneededMemberFindings(keys: readonly IssuerKey[]): IssuerFinding[] {
  const unneeded = new Set(
    keys.flatMap(({ otherMembers }) => otherMembers).filter((name) => !privateMembers.includes(name)),
  )
  if (unneeded.size === 0) return []
  const names = [...unneeded].slice(0, 10).map(quote).join(', ')
  const seen = `keys have members that no verifier needs (${names}); some verifiers were seen to refuse such keys`
  return [republished('warning', 'KEY_MEMBER_UNEXPECTED', seen, 'publish the keys without these members')]
}

/** Findings about a token, given the public keys: whether a verifier could verify it. */
export function tokenFindings({ issuer, token: facts, at }: PublicFacts, rules: VerifierRules): IssuerFinding[] {
  if (facts === undefined) return []
  return [
    ...issuerFindings(facts, issuer),
    ...signatureFindings(facts),
    ...algorithmFindings(facts, rules),
    ...lifeFindings(facts, at),
  ]
}

const problem = (code: IssuerFindingCode, seen: string, fix: string): IssuerFinding => ({
  result: 'failed',
  code,
  seen,
  fix,
})

function issuerFindings({ token }: TokenFacts, issuer: string): IssuerFinding[] {
  if (token.issuer === issuer) return []
  const seen = `the token carries issuer ${quote(token.issuer)}, not ${quote(issuer)}`
  const fix = `let the cluster sign as ${issuer}; to print the steps`
  const command = `pullpass issuer show --to-issuer ${shellOperand(issuer, 'ISSUER')}`
  return [{ ...problem('TOKEN_ISSUER_MISMATCH', seen, fix), command }]
}

function signatureFindings({ token, signature }: TokenFacts): IssuerFinding[] {
  const key = token.keyId === undefined ? 'a key that it does not name' : `key ${quote(token.keyId)}`
  if (signature === 'unknown-key') {
    const seen = `the token is signed by ${key}, which is not published`
    return [republished('failed', 'KEY_UNPUBLISHED', seen, 'publish the keys of the cluster again')]
  }
  if (signature === 'wrong') {
    const seen = `the token is not signed by the published ${key}: another key has its kid, or the token was altered`
    return [republished('failed', 'SIGNATURE_INVALID', seen, 'publish the keys of the cluster that signed it')]
  }
  return []
}

function algorithmFindings({ token, signature }: TokenFacts, { algorithms }: VerifierRules): IssuerFinding[] {
  const named = token.algorithm ?? ''
  if (algorithms.includes(named) && signature !== 'unsupported') return []
  const seen = algorithms.includes(named)
    ? `the token is signed with ${named}, and the published key of its kid is of another kind`
    : `the token is signed with ${quote(named)}; ${algorithms.join(', ')} can be verified`
  return [
    problem(
      'ALGORITHM_UNSUPPORTED',
      seen,
      'let the cluster sign with an RSA key, or use a verifier that supports this algorithm',
    ),
  ]
}

function lifeFindings({ token: { expiresAt } }: TokenFacts, at: Date): IssuerFinding[] {
  if (expiresAt > at) return []
  const seen = `the token expired at ${rfc3339(expiresAt)}`
  return [{ result: 'warning', code: 'TOKEN_EXPIRED', seen, fix: 'check a new token' }]
}
