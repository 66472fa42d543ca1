/**
 * The two documents that a cloud reads, made from an issuer's URL and its keys; the cluster's own are never copied, since
 * their jwks_uri names the API server. https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
import type { IssuerKey } from '../keys/issuer-key.ts'
import { renderJwk } from '../keys/render-jwk.ts'
import { whyUnusable } from '../keys/why-unusable.ts'
import { type DocumentName, type DocumentToStore, documentPaths } from './publish-target.ts'

/**
 * How long verifiers may cache what is published: those that cache by it ignore a new kid as long (RFC 9111 §5.2.2.1). It stays the
 * same during a rotation: caches hold the earlier document under the earlier lifetime, and clouds dislike shorter ones.
 */
export const cacheSeconds = 300
const cacheControl = `public, max-age=${cacheSeconds}`

/** Where strangers read one of an issuer's documents: an issuer may end in a slash, as AKS's do. */
export const documentUrl = (issuer: string, name: DocumentName): string =>
  `${issuer.replace(/\/$/, '')}/${documentPaths[name]}`

/** Keys that no verifier reads are left out; the order is by kid, so that the same keys are the same text. */
export function buildDocuments(
  issuer: string,
  keys: readonly IssuerKey[],
): Readonly<Record<DocumentName, DocumentToStore>> {
  const usable = keys
    .filter((key) => whyUnusable(key) === undefined)
    .toSorted((one, other) => inOrder(one.keyId ?? '', other.keyId ?? ''))
  const algorithms = [...new Set(usable.map(({ algorithm = '' }) => algorithm))].toSorted(inOrder)
  if (algorithms.length === 0) algorithms.push('RS256') // the field is required, and may not be empty
  const discovery = {
    issuer,
    jwks_uri: documentUrl(issuer, 'jwks'),
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  }
  return {
    jwks: withHeaders('jwks', textOf({ keys: usable.map(renderJwk) })),
    discovery: withHeaders('discovery', textOf(discovery)),
  }
}

const inOrder = (one: string, other: string): number => one.localeCompare(other, 'en')

const textOf = (document: object) => `${JSON.stringify(document, undefined, 2)}\n`

const contentTypes: Readonly<Record<DocumentName, string>> = {
  jwks: 'application/jwk-set+json',
  discovery: 'application/json',
}

/** A document's text with what a server says of it. */
export const withHeaders = (name: DocumentName, text: string): DocumentToStore => ({
  text,
  contentType: contentTypes[name],
  cacheControl,
})
