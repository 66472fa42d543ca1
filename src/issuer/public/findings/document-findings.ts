/** What speaks against how an issuer's two documents are served: whether anybody gets them, as what, and for how long. */
import { quote } from '../../../outside/quote.ts'
import type { DocumentName } from '../../documents/publish-target.ts'
import { vendorOfIssuer } from '../../documents/vendor-of-issuer.ts'
import type { FindingWord, IssuerFinding } from '../issuer-finding.ts'
import type { PublicFacts } from '../public-facts.ts'
import { type AnsweredDocument, cacheSecondsOf, type UnansweredDocument } from '../read-public-issuer.ts'

export function documentFindings({ issuer, found }: PublicFacts): IssuerFinding[] {
  if (found === undefined) return []
  const vendor = vendorOfIssuer(issuer)
  return (['discovery', 'jwks'] as const).flatMap((name) => {
    const document = found[name]
    if (document === undefined) return [] // the discovery document is to blame
    if (document.kind === 'unanswered') return [unreadFinding(document, vendor)]
    return document.status === 200 ? servedFindings(name, document, vendor) : [refusedFinding(name, document)]
  })
}

const problem = (word: FindingWord, says: string, fix: string): IssuerFinding => ({ level: 'problem', word, says, fix })

function unreadFinding({ fault: { seen, hint = '' } }: UnansweredDocument, vendor: string | undefined): IssuerFinding {
  const fix = hint.replace(/; pull secrets keep what they have$/, '')
  const elsewhere =
    vendor === undefined ? '' : `; from inside a private network of ${vendor} it may be hidden: check from elsewhere`
  return problem('DOCUMENT_UNREAD', seen, `${fix}${elsewhere}`)
}

function refusedFinding(name: DocumentName, { url, status, location }: AnsweredDocument): IssuerFinding {
  const says = `${url} answers a stranger ${status}`
  if (status >= 300 && status < 400) {
    const to = location === undefined ? 'nowhere' : quote(location)
    return problem('DOCUMENT_REDIRECTED', `${says}, a redirect to ${to}`, 'serve it there itself: clouds follow none')
  }
  if (status === 401 || status === 403) {
    const fix = 'let anybody read it; some stores answer so for what is not there: see that it is'
    return problem('DOCUMENT_NOT_PUBLIC', `${says}: it is not public`, fix)
  }
  if (status === 404) return problem('DOCUMENT_ABSENT', `${says}: nothing is there`, whereToPut[name])
  return problem('DOCUMENT_REFUSED', says, 'see what serves it, and that it is well')
}

const whereToPut: Readonly<Record<DocumentName, string>> = {
  discovery: 'put it exactly there (openid-configuration, not oidc-configuration): pullpass issuer publish',
  jwks: 'put the keys where jwks_uri leads: pullpass issuer publish',
}

function servedFindings(name: DocumentName, document: AnsweredDocument, vendor: string | undefined): IssuerFinding[] {
  const cache = vendor === undefined ? cacheFindings(document) : [] // who trusts a vendor's issuer cannot change it
  return [...typeFindings(name, document), ...cache, ...sizeFindings(document)]
}

const types: Readonly<Record<DocumentName, readonly string[]>> = {
  discovery: ['application/json'],
  jwks: ['application/jwk-set+json', 'application/json'],
}

function typeFindings(name: DocumentName, { url, contentType }: AnsweredDocument): IssuerFinding[] {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (type !== undefined && types[name].includes(type)) return []
  const says = `${url} is served as ${contentType === undefined ? 'no type' : quote(contentType)}`
  return [{ level: 'warning', word: 'CONTENT_TYPE_WRONG', says, fix: `serve it as ${types[name].join(' or ')}` }]
}

/** Seconds. Verifiers that cache by it, and ignore a kid that they do not know, see a new key only so much later. */
const [shortest, longest] = [1, 3600]

function cacheFindings({ url, cacheControl }: AnsweredDocument): IssuerFinding[] {
  const fix = 'serve it with Cache-Control: public, max-age=300'
  const seconds = cacheSecondsOf(cacheControl)
  if (seconds === undefined || seconds < shortest) {
    const says = `${url} names no time to be cached (${cacheControl === undefined ? 'no Cache-Control' : quote(cacheControl)}): each verifier chooses its own`
    return [{ level: 'warning', word: 'CACHE_LIFETIME_ABSENT', says, fix }]
  }
  if (seconds <= longest) return []
  const says = `${url} may be cached for ${seconds} s: tokens of a new key can fail as long`
  return [{ level: 'warning', word: 'CACHE_LIFETIME_LONG', says, fix }]
}

/** Bytes: two dozen keys of 4096 bits. What more is read, no cloud documents. */
const small = 64 * 1024

function sizeFindings({ url, text }: AnsweredDocument): IssuerFinding[] {
  const bytes = Buffer.byteLength(text)
  if (bytes <= small) return []
  const says = `${url} has ${bytes} bytes; how much a cloud reads is not documented`
  return [{ level: 'warning', word: 'DOCUMENT_LARGE', says, fix: `keep it under ${small} bytes: drop old keys` }]
}
