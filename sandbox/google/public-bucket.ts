/** A bucket that anybody may read, as an issuer's documents are published. https://cloud.google.com/storage/docs/xml-api/get-object-download */
import type { SandboxHandler } from '../serve/handler.ts'

interface PublishedObject {
  readonly contentType: string
  readonly cacheControl: string
  readonly body: string
}

export interface PublicBucket {
  readonly handle: SandboxHandler
  /** `path` begins with a slash; an object of that path is replaced. */
  readonly put: (path: string, object: PublishedObject) => void
  readonly remove: (path: string) => void
}

export function createPublicBucket(): PublicBucket {
  const objects = new Map<string, PublishedObject>()
  return {
    handle({ method, path }) {
      if (method !== 'GET' && method !== 'HEAD') return xmlError(403, 'AccessDenied', 'Access denied.')
      const object = objects.get(path)
      if (!object) return xmlError(404, 'NoSuchKey', 'The specified key does not exist.')
      const headers = { 'content-type': object.contentType, 'cache-control': object.cacheControl }
      return { status: 200, headers, body: object.body }
    },
    put: (path, object) => objects.set(path, object),
    remove: (path) => objects.delete(path),
  }
}

const xmlError = (status: number, code: string, message: string) => ({
  status,
  headers: { 'content-type': 'application/xml; charset=UTF-8' },
  body: `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
})
