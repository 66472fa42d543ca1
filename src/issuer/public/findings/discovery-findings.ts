/** What speaks against what a discovery document says. https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../../outside/json-fields.ts'
import { quote } from '../../../outside/quote.ts'
import { documentUrl } from '../../documents/build-documents.ts'
import { whyUnusable } from '../../keys/why-unusable.ts'
import type { IssuerFinding } from '../issuer-finding.ts'
import type { PublicFacts } from '../public-facts.ts'
import { jwksUriOf } from '../read-public-issuer.ts'

export function discoveryFindings(facts: PublicFacts): IssuerFinding[] {
  const discovery = facts.found?.discovery
  if (discovery?.kind !== 'answered' || discovery.status !== 200) return []
  const { url, text } = discovery
  const document = asObject(jsonOrNone(text))
  if (document === undefined) {
    const what = /^\s*</.test(text) ? 'a page' : 'no JSON object'
    const fix = 'see that nothing answers in its place (a sign-in page, a catch-all): pullpass issuer publish'
    return [{ level: 'problem', word: 'DOCUMENT_MALFORMED', says: `${url} is ${what}`, fix }]
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
  const says = `the discovery document names issuer ${quote(named)}, but it lies at ${quote(issuer)}${slash}`
  const fix = 'the two must be equal, letter by letter: publish it under the URL that it names, or check that URL'
  return [{ level: 'problem', word: 'ISSUER_DIFFERS', says, fix }]
}

const texts = ['issuer', 'jwks_uri']
const lists = ['response_types_supported', 'subject_types_supported', 'id_token_signing_alg_values_supported']

function fieldFindings(url: string, document: JsonObject): IssuerFinding[] {
  const missing = [
    ...texts.filter((name) => !asText(document[name])),
    ...lists.filter((name) => asList(document[name]).length === 0),
  ]
  if (missing.length === 0) return []
  const says = `${url} lacks ${missing.join(', ')}`
  const fix = 'all five are required; pullpass issuer publish writes them'
  return [{ level: 'problem', word: 'FIELD_MISSING', says, fix }]
}

function jwksUriFindings(issuer: string, document: JsonObject, text: string): IssuerFinding[] {
  const uri = asText(document['jwks_uri'])
  if (!uri || jwksUriOf(text) !== undefined) return []
  const says = `jwks_uri is ${quote(uri)}, which no cloud asks: it is no https URL`
  const fix = `name the public place of the keys: ${documentUrl(issuer, 'jwks')}`
  return [{ level: 'problem', word: 'JWKS_URI_UNUSABLE', says, fix }]
}

function algorithmFindings({ keys = [] }: PublicFacts, document: JsonObject): IssuerFinding[] {
  const field = 'id_token_signing_alg_values_supported'
  const listed = asList(document[field])
  const usable = keys.filter((key) => whyUnusable(key) === undefined)
  const unlisted = [...new Set(usable.map(({ algorithm }) => algorithm))].filter((one) => one && !listed.includes(one))
  if (listed.length === 0 || unlisted.length === 0) return []
  const says = `${field} does not list ${unlisted.map((one) => quote(one ?? '')).join(', ')}, of which there are keys`
  return [{ level: 'warning', word: 'ALGORITHM_UNLISTED', says, fix: 'list it: pullpass issuer publish does' }]
}
