/** What a stranger gets of the two documents, and of nothing else. RFC 9110 §13.1.2, RFC 9111. */
import { type DocumentName, documentUrl } from '../../oidc/issuer-documents.ts'
import type { HttpResponse } from '../../server/http-server.ts'
import type { ServedDocument } from './served-target.ts'

export interface Served {
  /** Undefined before it is known. */
  readonly issuer: string | undefined
  readonly current: (name: DocumentName) => ServedDocument | undefined
}

/** Undefined where nothing is served: paths are those of the issuer's URL, letter by letter. */
export function respondDocument(
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
  if (namesTag(headers['if-none-match'], etag)) return { status: 304, headers: validators, text: '' }
  return { status: 200, headers: { ...validators, 'content-type': contentType, ...forBrowsers }, text }
}

/** Public documents, which a page of any origin may read, and no browser should take for something else. */
const forBrowsers = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' }

/** Nobody should remember that there was nothing. */
const notYet: HttpResponse = {
  status: 503,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'retry-after': '5' },
  text: 'no API server was read yet\n',
}

/** Compared weakly: a proxy that compresses may have made a tag weak. */
function namesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
