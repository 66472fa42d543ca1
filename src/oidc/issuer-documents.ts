/**
 * The two documents that a cloud reads, made from an issuer's URL and its keys; the cluster's own are never copied, since
 * their jwks_uri names the API server. https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
import { type IssuerKey, renderJwk, whyUnusable } from './keys.ts'

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

// Where an issuer's documents are written: what publishing needs of a bucket, a folder or a provider, and nothing else.

/** Each by the path under the issuer's URL where a stranger asks for it. */
export const documentPaths = {
  jwks: 'openid/v1/jwks',
  discovery: '.well-known/openid-configuration',
} as const

export type DocumentName = keyof typeof documentPaths

export interface StoredDocument {
  /** At most 1 MiB. */
  readonly text: string
  /** What this state of it is called: a generation, an ETag, a hash. Names nothing but this state. */
  readonly version: string
}

export interface DocumentToStore {
  readonly text: string
  readonly contentType: string
  readonly cacheControl: string
}

export interface PublishTarget {
  /** As the user names it: `SCHEME://BUCKET/PATH`. */
  readonly name: string
  /** Where strangers read what lies here; undefined for a folder, which anything may serve, and for a provider. */
  readonly issuerUrl: string | undefined
  /** What lets strangers read here, as a command where there is one; undefined where pullpass cannot know. */
  readonly openToAll: string | undefined
  /** What takes another cluster's documents away, where there is no other path and nothing to adopt. */
  readonly toClear?: string
  /** What is kept here: a provider at a cloud takes keys alone. */
  readonly holds: readonly DocumentName[]
  /** How often a watch looks whether somebody else wrote here, though nothing is new; absent: every five minutes. */
  readonly readIntervalMs?: number
  /** What no state is ever called: writing in its place changes nothing, and tells whether one may. Absent: it is not known. */
  readonly noVersion?: string
  /** Why a key that verifiers can use is not kept here; undefined where it is. Absent: every such key is. */
  readonly whyNotKept?: (key: IssuerKey) => string | undefined
  /** Undefined where there is none yet. @throws PUBLISH_DENIED, PUBLISH_TARGET_NOT_FOUND, PUBLISH_UNAVAILABLE */
  read(name: DocumentName): Promise<StoredDocument | undefined>
  /**
   * Writes where the state is still `replaces` (undefined: where nothing is); `outrun` where somebody else was faster.
   * @throws PUBLISH_DENIED, PUBLISH_TARGET_NOT_FOUND, PUBLISH_UNAVAILABLE
   */
  write(name: DocumentName, document: DocumentToStore, replaces: string | undefined): Promise<'written' | 'outrun'>
}
