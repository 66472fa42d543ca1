/** The two documents as this process serves them to anonymous clients, under the issuer's path. RFC 9110 §13.1.2, RFC 9111. */
import { createHash } from 'node:crypto'
import { buildDocuments, type DocumentName, type DocumentToStore, documentUrl } from '../../oidc/issuer-documents.ts'
import { parseJwks } from '../../oidc/keys.ts'
import { type HttpResponse, plainResponse } from '../../server/http-server.ts'
import { asObject, asText, jsonOrNone } from '../../text/json-fields.ts'
import { isRevoked, type KeyState } from '../key-state.ts'

export interface ServedDocument extends DocumentToStore {
  /** RFC 9110 §8.8.3: identifies the bytes, so that it is the same at each replica that serves the same. */
  readonly etag: string
}

export interface ServedDocuments {
  /** Undefined before the first publication. */
  readonly current: (name: DocumentName) => ServedDocument | undefined
  /** Serves these from now on. */
  readonly replace: (documents: Readonly<Record<DocumentName, DocumentToStore>>) => void
  /** Stops serving revoked keys immediately, even if the ConfigMap cannot be written. */
  readonly withhold: (state: Pick<KeyState, 'revocations'>) => void
  /** Undefined: not found. */
  readonly respond: (path: string, headers: Readonly<Record<string, string | undefined>>) => HttpResponse | undefined
}

export function createServedDocuments(): ServedDocuments {
  const served = new Map<DocumentName, ServedDocument>()
  const issuer = () => asText(asObject(jsonOrNone(served.get('discovery')?.text ?? ''))?.['issuer'])
  const set = (name: DocumentName, document: DocumentToStore) => void served.set(name, withTag(document))
  return {
    current: (name) => served.get(name),
    replace({ jwks, discovery }) {
      set('jwks', jwks)
      set('discovery', discovery)
    },
    withhold(state) {
      const keys = parseJwks(served.get('jwks')?.text ?? '') ?? []
      const left = keys.filter((key) => !isRevoked(state, key))
      if (left.length < keys.length) set('jwks', buildDocuments(issuer() ?? '', left).jwks)
    },
    respond: (path, headers) =>
      respondDocument(path, headers, { issuer: issuer(), current: (name) => served.get(name) }),
  }
}

const withTag = (document: DocumentToStore): ServedDocument => ({
  ...document,
  etag: `"${createHash('sha256').update(document.text).digest('base64url')}"`,
})

interface Served {
  /** Undefined before the first publication. */
  readonly issuer: string | undefined
  readonly current: ServedDocuments['current']
}

/** Paths are those of the issuer's URL, compared exactly. */
function respondDocument(
  path: string,
  headers: Readonly<Record<string, string | undefined>>,
  { issuer, current }: Served,
): HttpResponse | undefined {
  if (issuer === undefined) return notYet
  const name = (['discovery', 'jwks'] as const).find((one) => new URL(documentUrl(issuer, one)).pathname === path)
  if (name === undefined) return undefined
  const document = current(name)
  if (document === undefined) return notYet
  const { text, contentType, cacheControl, etag } = document
  const validators = { etag, 'cache-control': cacheControl }
  if (matchesTag(headers['if-none-match'], etag)) return { status: 304, headers: validators, text: '' }
  return { status: 200, headers: { ...validators, 'content-type': contentType, ...forBrowsers }, text }
}

/** The documents are public: pages of any origin may read them, and no browser should take them for another type. */
const forBrowsers = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' }

const notYet: HttpResponse = plainResponse(503, 'no API server was read yet', { 'retry-after': '5' })

/** Weak comparison: a proxy that compresses may have made a tag weak. */
function matchesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
