/** The repository for documents that name none, as images tell it. */
import type { Document } from '../document/document.ts'
import type { ImageReference } from '../registry/parse-image-reference.ts'
import { trustVendors } from './trust-vendors.ts'

export interface RepositoryFor {
  /** Of the first image that is in one. */
  readonly name: string | undefined
  /** How the vendor names one. */
  readonly form: string
}

/** undefined where every registry names its own. */
export async function repositoryFor(
  documents: readonly Document[],
  images: readonly Pick<ImageReference, 'host' | 'repository'>[],
): Promise<RepositoryFor | undefined> {
  const unnamed = documents.flatMap(({ registries }) => registries).find(({ settings }) => settings.trust === undefined)
  if (unnamed === undefined) return undefined
  const { repositories } = await trustVendors[unnamed.provider]()
  const names = images.map((image) => repositories.ofImage(image))
  return { name: names.find((name) => name !== undefined), form: repositories.rule.expected }
}
