/** The required exchanges: one request for each identity and registry, which all documents and namespaces share. */
import { createHash } from 'node:crypto'
import { withShortLife } from '../credential/registry-credential.ts'
import { type Document, type DocumentRegistry, requestedAccount, tenantOf } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { asObject } from '../text/json-fields.ts'
import { inspectCommand, namingToken } from '../vendors/exchange-refusal.ts'
import { type BoundExchange, bindExchange, type Vendors } from '../vendors/vendor.ts'

export interface ExchangeRequest extends BoundExchange {
  /** The fingerprint that distinguishes requests. */
  readonly mintedFrom: string
  /** The first document and registry with this request; others differ only in hosts. */
  readonly document: Document
  readonly registry: DocumentRegistry
}

/**
 * In the documents' order. A document that names its issuer's publication comes first: the publication gate applies to the token,
 * whichever other document shares it. @throws DOCUMENT_INVALID for two publications of one token
 */
export async function listExchangeRequests(
  documents: readonly Document[],
  vendors: Vendors,
): Promise<ExchangeRequest[]> {
  const all = documents.flatMap((document) =>
    document.registries.map((registry) => ({ mintedFrom: mintFingerprint(document, registry), document, registry })),
  )
  const shared = [...Map.groupBy(all, (request) => request.mintedFrom).values()].map(gatedFirst)
  return await Promise.all(
    shared.map(async (request) => {
      const bound = await bindExchange(request.registry, vendors)
      const exchange: BoundExchange['exchange'] = async (token, context) => {
        const credential = await bound.exchange(token, context).catch((fault: unknown) => {
          const account = requestedAccount(request.document, request.registry)
          throw namingToken(fault, inspectCommand(token, request.document, account))
        })
        return withShortLife(credential, context.now())
      }
      return { ...request, ...bound, exchange }
    }),
  )
}

interface Shared {
  readonly document: Document
}

/** Of the documents that share a token, the first one that names a publication; else the first one. */
function gatedFirst<One extends Shared>(requests: readonly One[]): One {
  const stated = requests.filter(({ document }) => document.issuer !== undefined)
  const [first = requests[0]] = stated
  if (first === undefined) throw new TypeError('a group has at least one member')
  const publicationOf = ({ document }: Shared) => JSON.stringify(document.issuer)
  const other = stated.find((one) => publicationOf(one) !== publicationOf(first))
  if (other === undefined) return first
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${first.document.source} and ${other.document.source} exchange the same token, and their spec.issuer differs`,
    expected: 'one spec.issuer for one service account and registry',
  })
}

// A fingerprint of what a credential is minted from: equal ones cost one exchange, another one means a changed document.

/**
 * Covers the identity (whose token, or which file) and the vendor's settings; not the hosts, the registry's name or what
 * only trust reads, which do not change what is minted.
 */
export function mintFingerprint(document: Document, registry: DocumentRegistry): string {
  const { serviceAccountRef } = document
  const { vendor, audience, tokenFile, tokenFileField } = registry
  const { trust: _, ...settings } = asObject(registry.settings) ?? {}
  const identity = tokenFile === undefined ? { serviceAccountRef } : { tokenFile, tokenFileField }
  const tenant = tenantOf(document) // its credential is not shared: the exchange of a tenant has limits of its own
  const facts = JSON.stringify(sorted({ identity, vendor, settings, audience, tenant }))
  return createHash('sha256').update(facts).digest('base64url').slice(0, 22)
}

/** With keys in one order throughout: two spellings of one document are one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
