/** The documents' registries, each with what its provider wants of a subject token. */
import type { Document, DocumentRegistry } from '../document/document.ts'
import { bindProvider } from '../providers/bind-provider.ts'

export interface BoundRegistry {
  readonly document: Document
  readonly registry: DocumentRegistry
  /** Audiences that the vendor may take; the first is the one to ask for. */
  readonly audiences: readonly [string, ...string[]]
  readonly subjectTokenLifeSeconds: number
  readonly credentialLifeSeconds: number
}

/** In the documents' order. */
export async function bindRegistries(documents: readonly Document[]): Promise<BoundRegistry[]> {
  const pairs = documents.flatMap((document) => document.registries.map((registry) => ({ document, registry })))
  return Promise.all(
    pairs.map(async ({ document, registry }) => {
      const { audiences, subjectTokenLifeSeconds, credentialLifeSeconds } = await bindProvider(registry)
      return { document, registry, audiences, subjectTokenLifeSeconds, credentialLifeSeconds }
    }),
  )
}
