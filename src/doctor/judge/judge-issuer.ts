/** Whether clouds find an issuer's documents, and in them the key that a token was signed with: pure. */

import type { FoundDocument, PublicIssuer } from '../../issuer/public/read-public-issuer.ts'
import { asObject, asText, jsonOrNone } from '../../outside/json-fields.ts'
import { quote } from '../../outside/quote.ts'
import { failedBy } from '../failed-by.ts'
import type { Finding, FindingCode } from '../finding.ts'
import type { IssuerFacts } from '../gather/gather-issuers.ts'
import { notTried } from '../not-tried.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { publishRemedy } from '../remedy/publish-remedy.ts'
import { judgeKey } from './judge-key.ts'

/**
 * `verified elsewhere`: an exchange succeeded, so that whoever verifies has the keys, whatever is public.
 * `uploaded`: the documents want the keys in the provider itself.
 */
export type KeysNeeded = 'needed' | 'verified elsewhere' | 'uploaded'

/** Discovery, key and signature, in this order. */
export function judgeIssuer(facts: IssuerFacts, commands: MendingCommands, needed: KeysNeeded): Finding[] {
  const about = facts.token.issuer
  const discovery = judgeDiscovery(facts, commands)
  if (discovery.result === 'ok') return [discovery, ...judgeKey(facts, commands)]
  const unread = needed === 'needed' ? discovery : notNeeded(discovery, needed)
  if (unread.result === 'skipped') return [unread]
  return [unread, ...(['key', 'signature'] as const).map((hop) => notTried(hop, about, unread))]
}

const whyNotNeeded = {
  uploaded: 'the documents want the keys uploaded to the provider',
  'verified elsewhere': 'the exchange succeeded, so that who verifies has the keys, by upload or otherwise',
} as const

const notNeeded = ({ hop, about, seen }: Finding, needed: keyof typeof whyNotNeeded): Finding => ({
  hop,
  about,
  result: 'skipped',
  code: 'NOT_NEEDED',
  seen: `${seen}; it is not needed: ${whyNotNeeded[needed]}`,
})

function judgeDiscovery(facts: IssuerFacts, commands: MendingCommands): Finding {
  const { token, unusable, found, keys = [] } = facts
  const base = { hop: 'discovery', about: token.issuer } as const
  if (unusable !== undefined) {
    return failedBy(base.hop, base.about, unusable, { command: commands.cluster('issuer show') })
  }
  const complaint = found && whyUnfound(facts, found)
  if (complaint === undefined) {
    return {
      ...base,
      result: 'ok',
      code: 'OK',
      seen: `anybody reads the discovery document and ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`,
    }
  }
  const [code, seen, expected] = complaint
  return { ...base, result: 'failed', code, seen, expected, remedy: publishRemedy(code, token.issuer, commands) }
}

type Complaint = [code: FindingCode, seen: string, expected: string]

function whyUnfound({ token, keys }: IssuerFacts, { discovery, jwks }: PublicIssuer): Complaint | undefined {
  const unserved = whyNotServed(discovery, 'discovery')
  if (unserved !== undefined || discovery.kind !== 'answered') return unserved
  const { url, text } = discovery
  const document = asObject(jsonOrNone(text))
  if (document === undefined) {
    return ['ISSUER_NOT_JSON', `${url} answers a stranger 200, but no JSON object`, 'the discovery document, in JSON']
  }
  const named = asText(document['issuer']) ?? ''
  if (named !== token.issuer) {
    const seen = `${url} names issuer ${quote(named)}, the token ${quote(token.issuer)}${slashApart(named, token.issuer)}`
    return ['ISSUER_DIFFERS', seen, 'one and the same text: clouds compare it letter by letter']
  }
  if (jwks === undefined) {
    const seen = `${url} leads to ${quote(asText(document['jwks_uri']) ?? 'no jwks_uri')}`
    return ['ISSUER_KEYS_NOT_HTTPS', seen, 'a jwks_uri by https, which anybody can read']
  }
  const keysUnserved = whyNotServed(jwks, 'jwks')
  if (keysUnserved !== undefined || keys !== undefined) return keysUnserved
  return ['KEYS_NOT_JWKS', `${jwks.url} answers a stranger 200, but no JWKS`, 'an object with a list of keys']
}

const slashApart = (one: string, other: string) =>
  one.replace(/\/$/, '') === other.replace(/\/$/, '') ? ': a trailing slash is the difference' : ''

const names = { discovery: 'the discovery document', jwks: 'the JWKS' } as const

function whyNotServed(found: FoundDocument, name: keyof typeof names): Complaint | undefined {
  const expected = `${names[name]} at ${found.url}, for anybody, without a redirect`
  if (found.kind === 'unanswered') {
    const { code, seen } = found.fault
    const untrusted = code === 'CERTIFICATE_UNTRUSTED'
    return [
      untrusted ? 'ISSUER_CERTIFICATE_UNTRUSTED' : code,
      seen,
      untrusted ? 'a certificate from an authority that clouds trust: a private one will not do' : expected,
    ]
  }
  const { status, url, location } = found
  if (status === 200) return undefined
  const answered = `${url} answers a stranger ${status}`
  if (status === 404)
    return [name === 'jwks' ? 'KEYS_ABSENT' : 'ISSUER_ABSENT', `${answered}: nothing is there`, expected]
  if (status === 401 || status === 403) return ['ISSUER_NOT_PUBLIC', `${answered}: it is not public`, expected]
  if (status >= 300 && status < 400)
    return [
      'ISSUER_REDIRECTS',
      `${answered}, a redirect to ${quote(location ?? 'nowhere')}: clouds follow none`,
      expected,
    ]
  return ['ISSUER_ANSWERS_OTHERWISE', answered, expected]
}
