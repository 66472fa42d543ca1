/** Findings about how an issuer's two documents are served: whether anonymous clients get them, their type and caching. */
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { type DocumentName, documentUrl } from '../issuer-documents.ts'
import { whyUnusable } from '../keys.ts'
import type { PublicFacts } from '../public/public-facts.ts'
import { cacheSecondsOf, type DocumentResponse, type DocumentUnavailable, jwksUriOf } from '../public/public-issuer.ts'
import { type IssuerFinding, type IssuerFindingCode, publishAgain } from './finding.ts'

export function documentFindings({ found, managedService: service }: PublicFacts): IssuerFinding[] {
  if (found === undefined) return []
  return (['discovery', 'jwks'] as const).flatMap((name) => {
    const document = found[name]
    if (document === undefined) return [] // a finding about the discovery document states why
    if (document.kind === 'unavailable') return [unreadFinding(document, service)]
    return document.status === 200 ? servedFindings(name, document, service) : [refusedFinding(name, document)]
  })
}

const problem = (code: IssuerFindingCode, seen: string, fix: string, command?: string): IssuerFinding => ({
  result: 'failed',
  code,
  seen,
  fix,
  ...(command !== undefined && { command }),
})

function unreadFinding(
  { fault: { seen, hint = '', command } }: DocumentUnavailable,
  service: string | undefined,
): IssuerFinding {
  const elsewhere =
    service === undefined ? '' : `; from inside a private network of ${service} it may be hidden: check from elsewhere`
  return problem('DISCOVERY_UNAVAILABLE', seen, `${hint}${elsewhere}`, command)
}

function refusedFinding(name: DocumentName, { url, status, location }: DocumentResponse): IssuerFinding {
  const seen = `${url} returns ${status} to anonymous clients`
  if (status >= 300 && status < 400) {
    const to = location === undefined ? 'no location' : quote(location)
    return problem('DISCOVERY_REDIRECTED', `${seen}, a redirect to ${to}`, 'serve it there itself: clouds follow none')
  }
  if (status === 401 || status === 403) {
    const fix = 'allow anonymous reads; some stores return this for an object that does not exist: check that it exists'
    return problem('DISCOVERY_FORBIDDEN', `${seen}: it is not public`, fix)
  }
  if (status === 404)
    return problem('DISCOVERY_NOT_FOUND', `${seen}: it does not exist`, whereToPut[name], publishAgain)
  return problem('DISCOVERY_UNAVAILABLE', seen, 'check the server of that URL')
}

const whereToPut: Readonly<Record<DocumentName, string>> = {
  discovery: 'put it exactly there (openid-configuration, not oidc-configuration)',
  jwks: 'put the keys where jwks_uri leads',
}

function servedFindings(name: DocumentName, document: DocumentResponse, service: string | undefined): IssuerFinding[] {
  const cache = service === undefined ? cacheFindings(document) : [] // users of a managed service cannot change its headers
  return [...typeFindings(name, document), ...cache, ...sizeFindings(document)]
}

const types: Readonly<Record<DocumentName, readonly string[]>> = {
  discovery: ['application/json'],
  jwks: ['application/jwk-set+json', 'application/json'],
}

function typeFindings(name: DocumentName, { url, contentType }: DocumentResponse): IssuerFinding[] {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (type !== undefined && types[name].includes(type)) return []
  const seen = `${url} is served as ${contentType === undefined ? 'no type' : quote(contentType)}`
  return [{ result: 'warning', code: 'CONTENT_TYPE_INVALID', seen, fix: `serve it as ${types[name].join(' or ')}` }]
}

/** Seconds. Verifiers that cache by it, and ignore a kid that they do not know, see a new key only so much later. */
const [shortest, longest] = [1, 3600]

function cacheFindings({ url, cacheControl }: DocumentResponse): IssuerFinding[] {
  const fix = 'serve it with Cache-Control: public, max-age=300'
  const seconds = cacheSecondsOf(cacheControl)
  if (seconds === undefined || seconds < shortest) {
    const seen = `${url} names no time to be cached (${cacheControl === undefined ? 'no Cache-Control' : quote(cacheControl)}): each verifier chooses its own`
    return [{ result: 'warning', code: 'CACHE_LIFETIME_MISSING', seen, fix }]
  }
  if (seconds <= longest) return []
  const seen = `${url} may be cached for ${seconds} s: tokens of a new key can fail as long`
  return [{ result: 'warning', code: 'CACHE_LIFETIME_LONG', seen, fix }]
}

/** Bytes: two dozen keys of 4096 bits. What more is read, no cloud documents. */
const small = 64 * 1024

function sizeFindings({ url, text }: DocumentResponse): IssuerFinding[] {
  const bytes = Buffer.byteLength(text)
  if (bytes <= small) return []
  const seen = `${url} has ${bytes} bytes; how much a cloud reads is not documented`
  return [{ result: 'warning', code: 'DISCOVERY_LARGE', seen, fix: `keep it under ${small} bytes: drop old keys` }]
}

/** Findings about the content of a discovery document. https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
export function discoveryFindings(facts: PublicFacts): IssuerFinding[] {
  const discovery = facts.found?.discovery
  if (discovery?.kind !== 'response' || discovery.status !== 200) return []
  const { url, text } = discovery
  const document = asObject(jsonOrNone(text))
  if (document === undefined) {
    const what = /^\s*</.test(text) ? 'a page' : 'no JSON object'
    const fix = 'check that no sign-in page or catch-all intercepts the request, then publish it again'
    return [problem('DISCOVERY_MALFORMED', `${url} is ${what}`, fix, publishAgain)]
  }
  return [
    ...issuerFindings(facts.issuer, document),
    ...fieldFindings(url, document),
    ...jwksUriFindings(facts.issuer, document, text),
    ...algorithmFindings(facts, document),
  ]
}

function issuerFindings(issuer: string, document: JsonObject): IssuerFinding[] {
  const named = asText(document['issuer'])
  if (named === undefined || named === issuer) return []
  const slash = named.replace(/\/$/, '') === issuer.replace(/\/$/, '') ? ' (a slash at the end counts)' : ''
  const seen = `the discovery document names issuer ${quote(named)}, but it is published at ${quote(issuer)}${slash}`
  const fix = 'the two must be identical: publish the document at the URL that it names, or check that URL'
  return [{ result: 'failed', code: 'DISCOVERY_ISSUER_MISMATCH', seen, fix }]
}

const texts = ['issuer', 'jwks_uri']
const lists = ['response_types_supported', 'subject_types_supported', 'id_token_signing_alg_values_supported']

function fieldFindings(url: string, document: JsonObject): IssuerFinding[] {
  const missing = [
    ...texts.filter((name) => !asText(document[name])),
    ...lists.filter((name) => asList(document[name]).length === 0),
  ]
  if (missing.length === 0) return []
  const seen = `${url} lacks ${missing.join(', ')}`
  return [problem('DISCOVERY_FIELD_MISSING', seen, 'all five are required; to write them', publishAgain)]
}

function jwksUriFindings(issuer: string, document: JsonObject, text: string): IssuerFinding[] {
  const uri = asText(document['jwks_uri'])
  if (!uri || jwksUriOf(text) !== undefined) return []
  const seen = `jwks_uri is ${quote(uri)}, which no vendor reads: it is not an https URL`
  const fix = `name the public URL of the keys: ${documentUrl(issuer, 'jwks')}`
  return [{ result: 'failed', code: 'JWKS_URI_INVALID', seen, fix }]
}

function algorithmFindings({ keys = [] }: PublicFacts, document: JsonObject): IssuerFinding[] {
  const field = 'id_token_signing_alg_values_supported'
  const listed = asList(document[field])
  const usable = keys.filter((key) => whyUnusable(key) === undefined)
  const unlisted = [...new Set(usable.map(({ algorithm }) => algorithm))].filter((one) => one && !listed.includes(one))
  if (listed.length === 0 || unlisted.length === 0) return []
  const seen = `${field} does not list ${unlisted.map((one) => quote(one ?? '')).join(', ')}, of which there are keys`
  return [
    {
      result: 'warning',
      code: 'ALGORITHM_UNLISTED',
      seen,
      fix: 'list it, or publish the document again',
      command: publishAgain,
    },
  ]
}
