/** What needs trust: each registry of each document, for each cluster. */
import { type Document, type DocumentRegistry, readsTokenFile, requestedAccount } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { subjectOf } from '../identity/service-account.ts'
import type { ImageReference } from '../registry/image-reference.ts'
import { vendorOfTarget } from '../vendors/target.ts'
import type { TrustedCluster, TrustNeed, TrustSetup } from '../vendors/trust/contract.ts'
import type { Vendors } from '../vendors/vendor.ts'

export interface TrustInputs {
  /** Of the tokens in a file: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string | undefined
  /** For documents without a repository, such as the document from environment variables. */
  readonly repository: string | undefined
  /** Subject of `issuer watch`, if it exchanges its tokens at a registry's vendor: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly publisher?: string | undefined
}

/** A registry for whose vendor pullpass sets up nothing. */
export interface SkippedRegistry {
  /** `KIND/NAME`. */
  readonly document: string
  readonly registry: string
  /** Identifier. */
  readonly vendor: string
  /** Why, and what to do. */
  readonly reason: string
}

/** The documents with only those registries that can be set up, and the others; without any, all documents, which `trustSetup` refuses. */
export function withTrustOnly(
  documents: readonly Document[],
  vendors: Vendors,
): { readonly documents: readonly Document[]; readonly skipped: readonly SkippedRegistry[] } {
  const canBeSet = ({ vendor }: DocumentRegistry) => vendors[vendor]?.trust !== undefined
  const left = documents
    .map((document) => ({ ...document, registries: document.registries.filter(canBeSet) }))
    .filter(({ registries }) => registries.length > 0)
  if (left.length === 0) return { documents, skipped: [] }
  const skipped = documents.flatMap(({ kind, name, registries }) =>
    registries
      .filter((registry) => !canBeSet(registry))
      .map(({ name: registry, vendor, subjectToken }) => ({
        document: `${kind}/${name}`,
        registry,
        vendor,
        reason: whySkipped(vendors[vendor]?.title ?? vendor, vendor, subjectToken),
      })),
  )
  return { documents: left, skipped }
}

const whySkipped = (title: string, vendor: string, subjectToken: DocumentRegistry['subjectToken']) =>
  subjectToken === 'unused'
    ? `${title} needs no trust: no token is exchanged`
    : `pullpass cannot set up trust at ${title}: configure it as docs/vendors/${vendor}.md describes`

/** One line. */
export const describeSkipped = ({ document, registry, reason }: SkippedRegistry): string =>
  `registry ${registry} of ${document} was skipped: ${reason}`

/** @throws USAGE_INVALID if nothing can be set up at the vendor */
export async function trustSetup(name: string, vendors: Vendors): Promise<TrustSetup<unknown>> {
  const vendor = vendors[name]
  if (vendor?.trust !== undefined) return await vendor.trust.load()
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `pullpass cannot set up trust for registries of ${vendor?.title ?? name}`,
    expected: `documents with registries of ${Object.keys(vendors)
      .filter((one) => vendors[one]?.trust !== undefined)
      .join(', ')}`,
  })
}

/** The vendor that the resources of a registry's vendor are of. */
export const resourceVendor = (name: string, vendors: Vendors): string => vendors[name]?.trust?.with ?? name

/** By cluster, then in the order of the documents. @throws USAGE_INVALID */
export async function listNeeds(
  documents: readonly Document[],
  clusters: readonly TrustedCluster[],
  inputs: TrustInputs,
  vendors: Vendors,
): Promise<TrustNeed[]> {
  const registries = documents.flatMap((document) => document.registries.map((registry) => ({ document, registry })))
  const entries = await Promise.all(
    registries.map(async ({ document, registry }) => ({
      document,
      registry,
      subject: subjectFor(document, registry, inputs),
      subjectFrom: readsTokenFile(document, registry) ? ('flag' as const) : ('document' as const),
      setup: await trustSetup(registry.vendor, vendors),
    })),
  )
  checkSubjectUsed(documents, inputs)
  if (entries.every(({ registry, setup }) => setup.repository(registry.settings) !== undefined))
    refuseRepository(inputs)
  if (entries.every(({ registry, setup }) => !setup.admitsPublisher(registry.settings))) refusePublisher(inputs)
  return clusters.flatMap((cluster) =>
    entries.map(({ document, registry, subject, subjectFrom, setup }) => {
      const settings = setup.forCluster(registry.settings, cluster)
      const repository = setup.repository(settings) ?? inputs.repository
      const publishTo = document.issuer?.publishTo
      const publishesHere = publishTo !== undefined && vendorOfTarget(publishTo, vendors) === registry.vendor
      return {
        document,
        registry: { ...registry, settings },
        cluster,
        subject,
        subjectFrom,
        publisher: inputs.publisher,
        publishesHere,
        repository,
      }
    }),
  )
}

/** The subject whose tokens the registry exchanges. @throws USAGE_INVALID if only the token file contains it */
function subjectFor(document: Document, registry: DocumentRegistry, inputs: TrustInputs): string {
  const account = requestedAccount(document, registry)
  if (account !== undefined) return subjectOf(account)
  if (inputs.subject !== undefined) return inputs.subject
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${document.source}: registry ${registry.name} uses the token of a file, and no ServiceAccount is configured for it`,
    expected: 'its account: --subject NAMESPACE/NAME',
    hint: 'pass the flag, or set spec.serviceAccountRef in the document',
  })
}

function refuseRepository({ repository }: TrustInputs): void {
  if (repository === undefined) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--repository ${repository} is given, and all documents name their repository`,
    expected: 'the command without the flag: what the documents name is used',
  })
}

function refusePublisher({ publisher }: TrustInputs): void {
  if (publisher === undefined) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--publisher ${publisher} is given, and all documents specify the accepted subjects`,
    expected: 'the publisher among these subjects, without the flag',
  })
}

/** A flag without effect is an error. */
function checkSubjectUsed(documents: readonly Document[], { subject }: TrustInputs): void {
  const used = documents.some((document) => document.registries.some((registry) => readsTokenFile(document, registry)))
  if (subject === undefined || used) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--subject ${subject} is given, and all documents name their account`,
    expected: '--subject only for documents that read a token file',
  })
}

// Repositories derived from images: for documents that name none, or if an image is in another one.

export interface RepositoryFor {
  /** The repository of the first image that is in one. */
  readonly name: string | undefined
  /** How the vendor names one. */
  readonly form: string
  /** The field with which the document must name it, since it must state more; undefined: --repository names it. */
  readonly field: string | undefined
}

/** Undefined if each registry names its repository. */
export async function repositoryFor(
  documents: readonly Document[],
  images: readonly Pick<ImageReference, 'host' | 'repository'>[],
  vendors: Vendors,
): Promise<RepositoryFor | undefined> {
  for (const { vendor, settings } of documents.flatMap(({ registries }) => registries)) {
    const setup = await vendors[vendor]?.trust?.load()
    if (setup === undefined || setup.repository(settings) !== undefined) continue
    const names = images.map((image) => setup.repositories.ofImage(image))
    return {
      name: names.find((name) => name !== undefined),
      form: setup.repositories.rule.expected,
      field: setup.repositories.field,
    }
  }
  return undefined
}

/** The repository of an image that is not in `named`; undefined if it is in `named`, or its repository is unknown. */
export async function repositoryElsewhere(
  { vendor }: Pick<DocumentRegistry, 'vendor'>,
  named: string,
  image: Pick<ImageReference, 'host' | 'repository'>,
  vendors: Vendors,
): Promise<string | undefined> {
  const setup = await vendors[vendor]?.trust?.load()
  const own = setup?.repositories.ofImage(image, named)
  return own === named ? undefined : own
}
