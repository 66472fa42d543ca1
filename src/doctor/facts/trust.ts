/**
 * The vendor's resources for a registry, read with the operator's own credentials if there are any: a refusal states too
 * little to distinguish an absent resource from a disabled one. Nothing is changed.
 */
import { type Document, readsTokenFile } from '../../document/document.ts'
import type { Code } from '../../errors/codes.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { type ExchangeRequest, mintFingerprint } from '../../refresh/exchange-requests.ts'
import { desiredTrust, observeAll, openSignedIn } from '../../trust/desired.ts'
import { listNeeds, type RepositoryFor, repositoryElsewhere, repositoryFor } from '../../trust/needs.ts'
import { noRecord } from '../../trust/record.ts'
import type { TrustedCluster, TrustFinding } from '../../vendors/trust/contract.ts'
import type { VendorContext, Vendors } from '../../vendors/vendor.ts'
import { defineSource, type Source } from '../hop.ts'
import type { Image } from '../request.ts'
import { type ExchangeFacts, exchangesSource, type PullFacts, pullsSource } from './exchanges.ts'
import { type IssuerFacts, issuersSource } from './issuers.ts'
import { imagesSource } from './pods.ts'
import { isToken, type TokenFacts, tokensSource } from './tokens.ts'

export interface TrustKnown {
  readonly documents: readonly Document[]
  /** Of the token that was evaluated. */
  readonly subject: string | undefined
  /** What exists of it at the vendor; undefined: it could not be read. */
  readonly found?: readonly Pick<TrustFinding, 'sharedWith'>[] | undefined
  /** For documents that name none; undefined where all do. */
  readonly repository: RepositoryFor | undefined
}

export interface TrustFacts extends TrustKnown {
  readonly exchangeRequest: ExchangeRequest
  /** What the vendor knows of this registry alone; undefined: it could not be read, or there was no need. */
  readonly found: readonly TrustFinding[] | undefined
  readonly elsewhere: readonly ImageElsewhere[]
}

/** An image that was refused, and is not in the repository that the documents name. */
export interface ImageElsewhere {
  readonly image: string
  /** Where it is. */
  readonly repository: string
  /** What the documents name. */
  readonly named: string
  /** What the vendor knows of a registry that reads `repository`; undefined: it could not be read. */
  readonly found: readonly TrustFinding[] | undefined
}

/** One for each registry whose vendor has something that `pullpass trust` sets up. */
export const trustSource: Source<readonly TrustFacts[]> = defineSource({
  needs: {
    tokens: tokensSource,
    issuers: issuersSource,
    exchanges: exchangesSource,
    images: imagesSource,
    pulls: pullsSource,
  },
  step: { hops: [], of: 'the vendor, of its resources' },
  otherwise: [],
  gather: async (facts, { exchangeRequests, request: { documents }, context }) =>
    await Promise.all(
      exchangeRequests
        .filter(({ registry }) => context.vendors[registry.vendor]?.trust !== undefined)
        .map((exchangeRequest) => gatherTrustOf(exchangeRequest, facts, documents, context)),
    ),
})

interface Gathered {
  readonly tokens: readonly TokenFacts[]
  readonly issuers: readonly IssuerFacts[]
  readonly exchanges: readonly ExchangeFacts[]
  readonly images: readonly Image[]
  readonly pulls: readonly PullFacts[]
}

/** Read only where the vendor refused for its resources or they determine a lifetime that is short, and for this registry alone. */
async function gatherTrustOf(
  exchangeRequest: ExchangeRequest,
  { tokens, issuers, exchanges, images, pulls }: Gathered,
  documents: readonly Document[],
  context: VendorContext,
): Promise<TrustFacts> {
  const { vendors } = context
  const references = images.map(({ reference }) => reference)
  const got = tokens.find((facts) => facts.exchangeRequest === exchangeRequest)?.got
  const token = got !== undefined && isToken(got) ? got : undefined
  const repository = await repositoryFor(documents, references, vendors)
  const known = { exchangeRequest, documents, repository, subject: token?.subject }
  const result = exchanges.find(({ exchangeRequest: of }) => of === exchangeRequest)?.result
  const isRefused = result instanceof PullpassError && isOfTrust(result)
  const isShort =
    vendors[exchangeRequest.registry.vendor]?.trust?.replaceable.includes('lifetime') === true &&
    !(result instanceof PullpassError) &&
    result?.warnings?.some(({ code }) => code === 'CREDENTIAL_SHORT_LIVED') === true
  const denied = pulls.filter(
    ({ exchangeRequest: of, attempt }) =>
      of === exchangeRequest && attempt?.outcome === 'refused' && attempt.status === 403,
  )
  if ((!isRefused && !isShort && denied.length === 0) || token === undefined)
    return { ...known, found: undefined, elsewhere: [] }
  const served = issuers.find((facts) => facts.token.issuer === token.issuer)?.cluster
  const cluster =
    served === undefined || served instanceof PullpassError ? { issuer: token.issuer, keys: undefined } : served
  const own = documentsOf(exchangeRequest, documents)
  const subject = takesFiles(own) ? token.subject : undefined
  const read = async (its: readonly Document[], name: string | undefined) =>
    await readTrust({ documents: its, cluster, subject, repository: name }, context)
  const unnamed = await repositoryFor(own, references, vendors)
  const found = await read(own, unnamed?.name)
  const setup = await vendors[exchangeRequest.registry.vendor]?.trust?.load()
  const named = setup?.repository(exchangeRequest.registry.settings) ?? unnamed?.name
  const elsewhere = denied.map(async ({ image }): Promise<ImageElsewhere[]> => {
    if (image === undefined || named === undefined) return []
    const other = await repositoryElsewhere(exchangeRequest.registry, named, image.reference, vendors)
    if (other === undefined) return []
    return [
      {
        image: image.name,
        repository: other,
        named,
        found: await read(await withRepository(own, other, vendors), undefined),
      },
    ]
  })
  return { ...known, found, elsewhere: (await Promise.all(elsewhere)).flat() }
}

interface Readable {
  readonly documents: readonly Document[]
  readonly cluster: Pick<TrustedCluster, 'issuer' | 'keys'>
  /** Of a token from a file. */
  readonly subject: string | undefined
  /** Where no document names one. */
  readonly repository: string | undefined
}

/** undefined where it cannot be read: no credentials, or nothing that trust could plan. */
async function readTrust(
  { documents, cluster, subject, repository }: Readable,
  context: VendorContext,
): Promise<readonly TrustFinding[] | undefined> {
  try {
    const trusted = { ...cluster, name: cluster.issuer, trustDomainId: undefined, issuerId: undefined }
    const desired = await desiredTrust(
      await listNeeds(documents, [trusted], { subject, repository }, context.vendors),
      context.vendors,
    )
    return await observeAll(await openSignedIn(desired, noRecord, context), { replace: [], sharing: 'accepted' })
  } catch (fault) {
    context.signal.throwIfAborted()
    // Without credentials, or for a document that trust does not support, the error of the exchange is reported.
    if (fault instanceof PullpassError) return undefined
    throw fault
  }
}

/** The documents, with only the registries that share this exchange request. */
const documentsOf = ({ mintedFrom }: ExchangeRequest, documents: readonly Document[]): Document[] =>
  documents
    .map((document) => ({
      ...document,
      registries: document.registries.filter((registry) => mintFingerprint(document, registry) === mintedFrom),
    }))
    .filter(({ registries }) => registries.length > 0)

/** The same, with another repository. */
const withRepository = async (
  documents: readonly Document[],
  repository: string,
  vendors: Vendors,
): Promise<readonly Document[]> =>
  await Promise.all(
    documents.map(async (document) => ({
      ...document,
      registries: await Promise.all(
        document.registries.map(async (registry) => {
          const setup = await vendors[registry.vendor]?.trust?.load()
          return { ...registry, settings: setup?.withRepository(registry.settings, repository) ?? registry.settings }
        }),
      ),
    })),
  )

/** Whether the token of a file is exchanged, whose subject no document knows. */
export const takesFiles = (documents: readonly Document[]): boolean =>
  documents.some((document) => document.registries.some((registry) => readsTokenFile(document, registry)))

/** Refusals for the vendor's resources, so that these are read. */
const ofTrust: readonly Code[] = [
  'PROVIDER_NOT_FOUND',
  'AUDIENCE_REFUSED',
  'ISSUER_REFUSED',
  'CONDITION_REFUSED',
  'ISSUER_UNREACHABLE',
  'SIGNATURE_INVALID',
  'IMPERSONATION_DENIED',
  'CERTIFICATE_UNTRUSTED',
  'REGISTRY_DENIED',
]

/** Also of a vendor whose response states only that it does not accept the token: then the error compares both. */
export const isOfTrust = ({ code, details }: Pick<PullpassError, 'code' | 'details'>): boolean =>
  ofTrust.includes(code) || (code === 'EXCHANGE_REFUSED' && details.fixOfToken !== undefined)
