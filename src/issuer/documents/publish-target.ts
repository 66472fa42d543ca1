/** Where an issuer's documents are written: what publishing needs of a bucket, a folder or a provider, and nothing else. */
import type { IssuerKey } from '../keys/issuer-key.ts'

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
  /** As the user names it: `gs://bucket/cluster`. */
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
  readonly lookEveryMs?: number
  /** What no state is ever called: writing in its place changes nothing, and tells whether one may. Absent: it is not known. */
  readonly noVersion?: string
  /** Why a key that verifiers can use is not kept here; undefined where it is. Absent: every such key is. */
  readonly whyNotKept?: (key: IssuerKey) => string | undefined
  /** Undefined where there is none yet. @throws PUBLISH_DENIED, PUBLISH_TARGET_MISSING, PUBLISH_UNAVAILABLE */
  read(name: DocumentName): Promise<StoredDocument | undefined>
  /**
   * Writes where the state is still `replaces` (undefined: where nothing is); `outrun` where somebody else was faster.
   * @throws PUBLISH_DENIED, PUBLISH_TARGET_MISSING, PUBLISH_UNAVAILABLE
   */
  write(name: DocumentName, document: DocumentToStore, replaces: string | undefined): Promise<'written' | 'outrun'>
}
