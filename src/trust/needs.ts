/** What trust is to be set up for: each registry of each document, for each cluster. */
import { type Document, type DocumentRegistry, type ProviderName, requestedAccount } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { ImageReference } from '../registry/image-reference.ts'
import type { AnyNeed, TrustedCluster } from '../vendors/trust-contract.ts'
import { trustVendors } from '../vendors/vendors.ts'

export interface TrustAsked {
  /** Of tokens that lie in a file: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string | undefined
  /** For documents that name none, as the one of the environment's variables. */
  readonly repository: string | undefined
  /** Of `issuer watch`, where it exchanges its tokens at a registry's provider: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly publisher?: string | undefined
}

/** Cluster after cluster, in the order of the documents. @throws USAGE_INVALID */
export async function listNeeds(
  documents: readonly Document[],
  clusters: readonly TrustedCluster[],
  asked: TrustAsked,
): Promise<AnyNeed[]> {
  const wanted = documents.flatMap((document) =>
    document.registries.map((registry) => ({ document, registry, subject: subjectOf(document, registry, asked) })),
  )
  checkSubjectUsed(documents, asked)
  checkRepositoryUsed(documents, asked)
  checkPublisherUsed(documents, asked)
  const needs = clusters.flatMap((cluster) =>
    wanted.map(async ({ document, registry, subject }) => {
      const itsRegistry = await ofCluster(registry, cluster)
      const repository = itsRegistry.settings.trust?.repository ?? asked.repository
      return { document, registry: itsRegistry, cluster, subject, publisher: asked.publisher, repository }
    }),
  )
  return await Promise.all(needs)
}

async function ofCluster<Name extends ProviderName>(
  registry: DocumentRegistry<Name>,
  cluster: TrustedCluster,
): Promise<DocumentRegistry<Name>> {
  const vendor = await trustVendors[registry.provider]()
  return { ...registry, settings: vendor.ofCluster(registry.settings, cluster) }
}

/** Whose tokens a registry takes. @throws USAGE_INVALID where only the token file knows */
function subjectOf(document: Document, registry: DocumentRegistry, asked: TrustAsked): string {
  const account = requestedAccount(document, registry)
  if (account !== undefined) return `system:serviceaccount:${account.namespace}:${account.name}`
  if (asked.subject !== undefined) return asked.subject
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${document.source}: registry ${registry.name} takes the token of a file, and whose that is stands nowhere`,
    expected: 'its account: --subject NAMESPACE/NAME',
    hint: 'or name the account in the document: spec.serviceAccountRef',
  })
}

function checkRepositoryUsed(documents: readonly Document[], { repository }: TrustAsked): void {
  const used = documents.some(({ registries }) => registries.some(({ settings }) => settings.trust === undefined))
  if (repository === undefined || used) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--repository ${repository} stands beside documents that all name their repository`,
    expected: 'it for documents that name none, and no others',
  })
}

function checkPublisherUsed(documents: readonly Document[], { publisher }: TrustAsked): void {
  const used = documents.some(({ registries }) =>
    registries.some(({ settings }) => settings.trust?.attributeCondition === undefined),
  )
  if (publisher === undefined || used) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--publisher ${publisher} is given, and all documents have an attributeCondition`,
    expected: 'the publisher in that condition, and no flag',
  })
}

/** A flag that changes nothing is a mistake. */
function checkSubjectUsed(documents: readonly Document[], { subject }: TrustAsked): void {
  const used = documents.some((document) =>
    document.registries.some((registry) => requestedAccount(document, registry) === undefined),
  )
  if (subject === undefined || used) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--subject ${subject} stands beside documents that all name their account`,
    expected: 'it for documents that read a token file, and no others',
  })
}

/** Repositories as images tell them: for documents that name none, and where an image is in another than is named. */
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
