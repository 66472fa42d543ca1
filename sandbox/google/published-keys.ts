/** Reads an issuer's keys as a cloud does: its discovery document, then the JWKS named there (OpenID Discovery 1.0 §4). */
import http from 'node:http'
import https from 'node:https'
import type { JSONWebKeySet } from 'jose'
import type { Provider } from './workload-identity.ts'

const maxDocumentBytes = 1 << 20
const timeoutMs = 5000

/** How Google reaches issuers. */
export interface IssuerConnection {
  /** PEM, trusted for https. */
  readonly ca?: string
  /** By which https is asked, where names do not lead there by themselves: that of a proxy; absent: directly. */
  readonly agent?: https.Agent
}

/** An issuer's documents as a verifier keeps them, by URL; it has the verifier's clock. RFC 9111 §5.2.2.1 */
export interface DocumentCache {
  readonly now: () => Date
  readonly kept: Map<string, { readonly document: Record<string, unknown>; readonly until: Date }>
}

/** Rejects where the documents cannot be reached, are no JSON, or name another issuer. */
export async function readPublishedKeys(
  provider: Pick<Provider, 'issuerUri' | 'publishedAt' | 'jwksJson'>,
  reach: IssuerConnection,
  cache?: DocumentCache,
): Promise<JSONWebKeySet> {
  if (provider.jwksJson !== undefined) return keySet(JSON.parse(provider.jwksJson))
  const { issuerUri, publishedAt = issuerUri } = provider
  const whereServed = (url: string) => (url.startsWith(issuerUri) ? publishedAt + url.slice(issuerUri.length) : url)

  const readJson = async (url: string) => await readCached(url, reach, cache)
  const discovery = await readJson(whereServed(`${issuerUri}/.well-known/openid-configuration`))
  if (discovery['issuer'] !== issuerUri) throw new Error('the discovery document names another issuer')
  return keySet(await readJson(whereServed(String(discovery['jwks_uri']))))
}

async function readCached(url: string, reach: IssuerConnection, cache: DocumentCache | undefined) {
  const kept = cache?.kept.get(url)
  if (cache !== undefined && kept !== undefined && cache.now() < kept.until) return kept.document
  const { document, maxAgeSeconds } = await fetchJson(url, reach)
  if (cache !== undefined) {
    const until = new Date(cache.now().getTime() + maxAgeSeconds * 1000)
    cache.kept.set(url, { document, until })
  }
  return document
}

interface FetchedDocument {
  readonly document: Record<string, unknown>
  readonly maxAgeSeconds: number
}

function fetchJson(url: string, { ca, agent }: IssuerConnection): Promise<FetchedDocument> {
  const { promise, resolve, reject } = Promise.withResolvers<FetchedDocument>()
  const isSecure = url.startsWith('https:')
  const get = isSecure ? https.get : http.get
  const request = get(url, { ca, agent: (isSecure && agent) || false, timeout: timeoutMs }, (response) => {
    const pieces: Buffer[] = []
    let size = 0
    response.on('data', (piece: Buffer) => {
      size += piece.length
      if (size > maxDocumentBytes) request.destroy(new Error('the document is too large'))
      pieces.push(piece)
    })
    response.on('error', reject)
    response.on('end', () => {
      if (response.statusCode !== 200) reject(new Error(`the document was answered with ${response.statusCode}`))
      try {
        const [, maxAge = '0'] = /max-age=(\d+)/.exec(response.headers['cache-control'] ?? '') ?? []
        resolve({ document: JSON.parse(Buffer.concat(pieces).toString()), maxAgeSeconds: Number(maxAge) })
      } catch (error) {
        reject(error)
      }
    })
  })
  request.on('timeout', () => request.destroy(new Error('the document did not come in time')))
  request.on('error', reject)
  return promise
}

function keySet(document: unknown): JSONWebKeySet {
  const keys: unknown = Object(document).keys
  if (!Array.isArray(keys)) throw new Error('the JWKS has no keys')
  return { keys }
}
