/**
 * The two documents that a cloud reads, rendered from an issuer's URL and its keys; the cluster's own are never copied, since
 * their jwks_uri names the API server. https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
import { type IssuerKey, renderJwk, whyUnusable } from './keys.ts'

/**
 * How long verifiers may cache what is published: those that cache by it ignore a new kid as long (RFC 9111 §5.2.2.1). It stays the
 * same during a rotation: caches keep the earlier document for its lifetime, and clouds refuse shorter ones.
 */
export const cacheSeconds = 300
const cacheControl = `public, max-age=${cacheSeconds}`

/** Where anonymous clients read one of an issuer's documents; an issuer may end in a slash. */
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

/** A document's text with its response headers. */
const withHeaders = (name: DocumentName, text: string): DocumentToStore => ({
  text,
  contentType: contentTypes[name],
  cacheControl,
})

// Where an issuer's documents are written: the interface of a bucket, a folder or a vendor that publishing needs.

/** Paths under the issuer's URL. */
export const documentPaths = {
  jwks: 'openid/v1/jwks',
  discovery: '.well-known/openid-configuration',
} as const

export type DocumentName = keyof typeof documentPaths

export interface StoredDocument {
  /** At most 1 MiB. */
  readonly text: string
  /** Identifies this state, and no other: a generation, an ETag, a hash. */
  readonly version: string
  /** What is stored cannot be used: the text is what the target serves in its place, and has to be written. */
  readonly isDamaged?: true
}

export interface DocumentToStore {
  readonly text: string
  readonly contentType: string
  readonly cacheControl: string
}

/** Where issuer metadata is published. Writes have preconditions, so that several writers never undo each other's changes. */
export interface PublishTarget {
  /** As the user names it: `SCHEME://BUCKET/PATH`. */
  readonly name: string
  /** Where anonymous clients read what is published; undefined if that does not follow from the target. */
  readonly publicUrl: string | undefined
  readonly facts: TargetFacts
  /** Undefined if the document does not exist. @throws PUBLISH_DENIED, PUBLISH_TARGET_NOT_FOUND, PUBLISH_UNAVAILABLE */
  read(name: DocumentName): Promise<StoredDocument | undefined>
  /**
   * Writes if the state is still `replaces` (undefined: the document does not exist); `conflict` if another writer changed it.
   * @throws PUBLISH_DENIED, PUBLISH_TARGET_NOT_FOUND, PUBLISH_UNAVAILABLE
   */
  write(name: DocumentName, document: DocumentToStore, replaces: string | undefined): Promise<'written' | 'conflict'>
  /**
   * Checks, without a change, that this document may replace an existing one; absent: the vendor cannot check this.
   * @throws as `write`; PUBLISH_REFUSED if the store wrote it, since it ignores preconditions
   */
  checkWrite?(name: DocumentName, document: DocumentToStore): Promise<void>
}

export interface TargetFacts {
  /** `keys`: the vendor verifies tokens with the keys that it stores, and nothing is public. */
  readonly publishes: 'documents' | 'keys'
  /** A document that is not stored follows from the keys, and is composed where it is served. */
  readonly stores: readonly DocumentName[]
  /** Key types that the target accepts: `RSA`, or the name of a curve. Absent: all that verifiers can use. */
  readonly keyTypes?: readonly string[]
  /** The command that lets anonymous clients read; absent if there is none. */
  readonly makePublic?: string
  /** The command that removes documents of another cluster, where no other path is possible and nothing can be adopted. */
  readonly clear?: string
}

const allDocuments: readonly DocumentName[] = ['jwks', 'discovery']

/** Of a bucket or folder, which has both documents. */
export const documentStore = (makePublic?: string): TargetFacts => ({
  publishes: 'documents',
  stores: allDocuments,
  ...(makePublic !== undefined && { makePublic }),
})
