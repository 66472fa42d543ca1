/** Where the documents say that their issuer is public, and what remembers its keys. */
import { type Document, issuerMemory, type NamespacedName } from '../document/document.ts'

export interface NamedPublication {
  /** `gs://BUCKET/PATH`; undefined where no document says it. */
  readonly to: string | undefined
  /** Whether the vendor keeps the keys of `to` itself, so that nothing is public there. */
  readonly keysOnly: boolean
  /** Where the issuer is not the URL that the target is read at. */
  readonly url: string | undefined
  readonly memory: NamespacedName
}

/** By the first document that says so. */
export function publicationOf(documents: readonly Document[]): NamedPublication {
  const issuer = documents.find((document) => document.issuer !== undefined)?.issuer
  return {
    to: issuer?.publishTo,
    keysOnly: issuer?.keysOnly === true,
    url: issuer?.url,
    memory: issuer?.memoryRef ?? issuerMemory,
  }
}

/** Whether all of their keys are meant to lie in providers, so that none need be public. */
export const areKeysUploaded = (documents: readonly Document[]): boolean =>
  documents.every(
    ({ issuer, registries }) =>
      issuer?.keysOnly === true || registries.every(({ keysUploaded }) => keysUploaded === true),
  )
