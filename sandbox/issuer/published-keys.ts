/** Reads an issuer's keys as a cloud does: the discovery document, then its JWKS (OpenID Connect Discovery 1.0 §4). */
import http from 'node:http'
import https from 'node:https'
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls'
import type { JSONWebKeySet } from 'jose'

const maxDocumentBytes = 1 << 20
const timeoutMs = 5000

/** How a vendor connects to issuers. */
export interface IssuerConnection {
  /** PEM, trusted for https. */
  readonly ca?: string
  /** Agent for https if names do not resolve to the issuer, such as that of a proxy; absent: direct connections. */
  readonly agent?: https.Agent
}

/** An issuer as a vendor is configured to trust it. */
interface TrustedIssuer {
  readonly issuerUri: string
  /** The actual URL of the issuer metadata, as if the issuer's name resolved to it. */
  readonly publishedAt?: string
  /** An uploaded JWKS: the issuer metadata is then not fetched. */
  readonly jwksJson?: string
}

/** A verifier's cache of issuer metadata, by URL, with the verifier's clock. RFC 9111 §5.2.2.1 */
export interface DocumentCache {
  readonly now: () => Date
  readonly kept: Map<string, { readonly document: Record<string, unknown>; readonly until: Date }>
}

/** Rejects if the metadata cannot be read, is not JSON, or is of another issuer. */
export async function readPublishedKeys(
  provider: TrustedIssuer,
  connection: IssuerConnection,
  cache?: DocumentCache,
): Promise<JSONWebKeySet> {
  if (provider.jwksJson !== undefined) return keySet(JSON.parse(provider.jwksJson))
  const { issuerUri, publishedAt = issuerUri } = provider
  const servedUrl = (url: string) => (url.startsWith(issuerUri) ? publishedAt + url.slice(issuerUri.length) : url)

  const readJson = async (url: string) => await readCached(url, connection, cache)
  const discovery = await readJson(servedUrl(`${issuerUri}/.well-known/openid-configuration`))
  if (discovery['issuer'] !== issuerUri) throw new Error('the discovery document names another issuer')
  return keySet(await readJson(servedUrl(String(discovery['jwks_uri']))))
}

/** The keys at a URL with which a verifier is configured: it does not read the discovery document. Rejects as above. */
export const readKeysAt = async (url: string, connection: IssuerConnection): Promise<JSONWebKeySet> =>
  keySet((await fetchJson(url, connection)).document)

async function readCached(url: string, connection: IssuerConnection, cache: DocumentCache | undefined) {
  const kept = cache?.kept.get(url)
  if (cache !== undefined && kept !== undefined && cache.now() < kept.until) return kept.document
  const { document, maxAgeSeconds } = await fetchJson(url, connection)
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

/** By authority: parsing certificates takes as long as the request. */
const contexts = new Map<string, SecureContext>()

function contextOf(ca: string): SecureContext {
  const context = contexts.get(ca) ?? createSecureContext({ ca })
  contexts.set(ca, context)
  return context
}

/** Connections are kept, as a cloud keeps them: a handshake takes ten times as long as a request. */
const connections = new https.Agent({ keepAlive: true })

function fetchJson(url: string, { ca, agent }: IssuerConnection): Promise<FetchedDocument> {
  const { promise, resolve, reject } = Promise.withResolvers<FetchedDocument>()
  const isSecure = url.startsWith('https:')
  const get = isSecure ? https.get : http.get
  const authorities: ConnectionOptions = isSecure && ca !== undefined ? { ca, secureContext: contextOf(ca) } : {}
  const options = { ...authorities, agent: isSecure ? (agent ?? connections) : false, timeout: timeoutMs }
  const request = get(url, options, (response) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxDocumentBytes) request.destroy(new Error('the document is too large'))
      chunks.push(chunk)
    })
    response.on('error', reject)
    response.on('end', () => {
      if (response.statusCode !== 200) reject(new Error(`the document has status ${response.statusCode}`))
      try {
        const [, maxAge = '0'] = /max-age=(\d+)/.exec(response.headers['cache-control'] ?? '') ?? []
        resolve({ document: JSON.parse(Buffer.concat(chunks).toString()), maxAgeSeconds: Number(maxAge) })
      } catch (error) {
        reject(error)
      }
    })
  })
  request.on('timeout', () => request.destroy(new Error('the request for the document timed out')))
  request.on('error', reject)
  return promise
}

function keySet(document: unknown): JSONWebKeySet {
  const keys: unknown = Object(document).keys
  if (!Array.isArray(keys)) throw new Error('the JWKS has no keys')
  return { keys }
}
