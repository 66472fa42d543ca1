/** Repositories as images tell them: for documents that name none, and where an image is in another than is named. */
import type { Document, DocumentRegistry } from '../document/document.ts'
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

/** Of an image that is not in the repository `named`, the one that it is in; undefined where it is in `named`, or unknown. */
export async function repositoryElsewhere(
  { provider }: Pick<DocumentRegistry, 'provider'>,
  named: string,
  image: Pick<ImageReference, 'host' | 'repository'>,
): Promise<string | undefined> {
  const { repositories } = await trustVendors[provider]()
  const own = repositories.ofImage(image, named)
  return own === named ? undefined : own
}
