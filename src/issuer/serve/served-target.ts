/** A place to publish to that is this process itself: what was published last is what it serves. */
import { createHash } from 'node:crypto'
import { asObject, asText, jsonOrNone } from '../../outside/json-fields.ts'
import type { DocumentName, DocumentToStore, PublishTarget } from '../documents/publish-target.ts'

export interface ServedTarget extends PublishTarget {
  /** Undefined before the first publication. */
  readonly current: (name: DocumentName) => ServedDocument | undefined
  /** As the discovery document that is served names it. */
  readonly issuer: () => string | undefined
}

export interface ServedDocument extends DocumentToStore {
  /** RFC 9110 §8.8.3: names the bytes, so that replicas which serve the same say the same. */
  readonly etag: string
}

/** `issuerUrl`: where the proxy before it is read; undefined: at the cluster's own issuer. */
export function servedTarget(issuerUrl: string | undefined): ServedTarget {
  const documents = new Map<DocumentName, ServedDocument>()
  return {
    name: 'this server',
    issuerUrl,
    holds: ['jwks', 'discovery'],
    openToAll: undefined,
    current: (name) => documents.get(name),
    issuer: () => asText(asObject(jsonOrNone(documents.get('discovery')?.text ?? ''))?.['issuer']),
    async read(name) {
      const document = documents.get(name)
      return document && { text: document.text, version: document.etag }
    },
    async write(name, document, replaces) {
      if (documents.get(name)?.etag !== replaces) return 'outrun'
      documents.set(name, { ...document, etag: `"${createHash('sha256').update(document.text).digest('base64url')}"` })
      return 'written'
    },
  }
}
