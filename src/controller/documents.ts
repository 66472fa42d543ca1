/** The documents of a controller: loaded from files, checked for what it supports, and reloaded when they change. */
import { createHash } from 'node:crypto'
import { type Document, documentName } from '../document/document.ts'
import { loadDocuments, reloadRegularly } from '../document/load-documents.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { type ExchangeRequest, listExchangeRequests, mintFingerprint } from '../refresh/exchange-requests.ts'
import { customResource, type UnsupportedField, unsupportedFault } from '../refresh/unsupported-fields.ts'
import type { Vendors } from '../vendors/vendor.ts'

export interface ControlledDocument {
  readonly document: Document
  /** Of its registries. */
  readonly requests: readonly ExchangeRequest[]
  /** Equal for an unchanged document. */
  readonly revision: string
}

/** By `ClusterPullSecret/NAME`, in the order of the files. */
export type DocumentSet = ReadonlyMap<string, ControlledDocument>

const unsupportedInFiles: readonly UnsupportedField[] = [
  {
    field: 'deletionPolicy',
    only: 'Retain',
    reason: 'a file cannot show that a document was deleted; a custom resource can',
    instead: customResource,
  },
]

export type LoadContext = Pick<Context, 'environment'> & { readonly vendors: Vendors }

/** Without files, none. @throws DOCUMENT_UNREADABLE, DOCUMENT_INVALID, VARIABLE_INVALID, CREDENTIAL_FILE_INVALID */
export async function loadDocumentSet(files: readonly string[], context: LoadContext): Promise<DocumentSet> {
  if (files.length === 0) return new Map()
  const documents = await loadDocuments(files, { ...context, readInput: refuseInput })
  return await controlDocuments(documents, context)
}

/** With what the controller needs of them. @throws DOCUMENT_INVALID, VARIABLE_INVALID */
export async function controlDocuments(documents: readonly Document[], context: LoadContext): Promise<DocumentSet> {
  documents.forEach(checkControlled)
  const requests = await listExchangeRequests(documents, context.vendors)
  for (const { checkEnvironment } of requests) checkEnvironment(context.environment)
  const byFingerprint = new Map(requests.map((request) => [request.mintedFrom, request]))
  return new Map(documents.map((document) => [documentName(document), controlled(document, byFingerprint)]))
}

function controlled(document: Document, byFingerprint: ReadonlyMap<string, ExchangeRequest>): ControlledDocument {
  const fingerprints = new Set(document.registries.map((registry) => mintFingerprint(document, registry)))
  const { source: _, ...content } = document
  return {
    document,
    requests: [...fingerprints].flatMap((mintedFrom) => byFingerprint.get(mintedFrom) ?? []),
    revision: createHash('sha256').update(JSON.stringify(content)).digest('base64url'), // the text can have 0.5 MB
  }
}

/** @throws DOCUMENT_INVALID for a field that the controller honours only in a custom resource */
export function checkControlled(document: Document): void {
  const fault = document.owner === undefined ? unsupportedFault(document, unsupportedInFiles) : undefined
  if (fault !== undefined) throw fault
}

/** Standard input is refused before, since it cannot be read again. */
const refuseInput = async (): Promise<string> => {
  throw new TypeError('standard input was not refused')
}

export interface ReloadEvents {
  /** Called with each changed set. */
  readonly onChange: (documents: DocumentSet) => void
  /** After each attempt: why the files are not used; undefined: they are. */
  readonly onFault: (fault: PullpassError | undefined) => void
}

/** As `reloadRegularly`. */
export const followDocuments = async (
  files: readonly string[],
  initial: DocumentSet,
  events: ReloadEvents,
  context: LoadContext & Pick<Context, 'sleep' | 'signal'>,
): Promise<never> =>
  await reloadRegularly(
    initial,
    { ...events, load: async () => await loadDocumentSet(files, context), revisionOf: revisionsOf },
    context,
  )

const revisionsOf = (documents: DocumentSet): string =>
  JSON.stringify([...documents.values()].map(({ revision }) => revision))
