/** What must be minted: one demand for each identity and registry, however many documents and namespaces want it. */
import type { Document, DocumentRegistry } from '../document/document.ts'
import { type BoundProvider, bindProvider } from '../providers/bind-provider.ts'
import { mintedFrom } from './minted-from.ts'

export interface Demand extends BoundProvider {
  /** The fingerprint that tells demands apart. */
  readonly mintedFrom: string
  /** The first document and registry that want it; others differ in hosts alone. */
  readonly document: Document
  readonly registry: DocumentRegistry
}

/** In the documents' order. */
export async function listDemands(documents: readonly Document[]): Promise<Demand[]> {
  const wanted = documents.flatMap((document) =>
    document.registries.map((registry) => ({ mintedFrom: mintedFrom(document, registry), document, registry })),
  )
  const distinct = new Map(wanted.toReversed().map((demand) => [demand.mintedFrom, demand]))
  return Promise.all(
    [...distinct.values()]
      .toReversed()
      .map(async (demand) => ({ ...demand, ...(await bindProvider(demand.registry)) })),
  )
}
