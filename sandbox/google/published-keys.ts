/** Reads an issuer's keys as a cloud does: its discovery document, then the JWKS named there (OpenID Discovery 1.0 §4). */
import http from 'node:http'
import https from 'node:https'
import type { JSONWebKeySet } from 'jose'
import type { Provider } from './workload-identity.ts'

const maxDocumentBytes = 1 << 20
const timeoutMs = 5000

/** Rejects where the documents cannot be reached, are no JSON, or name another issuer. `ca`: PEM, trusted for https. */
export async function readPublishedKeys(
  provider: Pick<Provider, 'issuerUri' | 'publishedAt' | 'jwksJson'>,
  ca: string | undefined,
): Promise<JSONWebKeySet> {
  if (provider.jwksJson !== undefined) return keySet(JSON.parse(provider.jwksJson))
  const { issuerUri, publishedAt = issuerUri } = provider
  const whereServed = (url: string) => (url.startsWith(issuerUri) ? publishedAt + url.slice(issuerUri.length) : url)

  const discovery = await readJson(whereServed(`${issuerUri}/.well-known/openid-configuration`), ca)
  if (discovery['issuer'] !== issuerUri) throw new Error('the discovery document names another issuer')
  return keySet(await readJson(whereServed(String(discovery['jwks_uri'])), ca))
}

function readJson(url: string, ca: string | undefined): Promise<Record<string, unknown>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
  const get = url.startsWith('https:') ? https.get : http.get
  const request = get(url, { ca, agent: false, timeout: timeoutMs }, (answer) => {
    const pieces: Buffer[] = []
    let size = 0
    answer.on('data', (piece: Buffer) => {
      size += piece.length
      if (size > maxDocumentBytes) request.destroy(new Error('the document is too large'))
      pieces.push(piece)
    })
    answer.on('error', reject)
    answer.on('end', () => {
      if (answer.statusCode !== 200) reject(new Error(`the document was answered with ${answer.statusCode}`))
      try {
        resolve(JSON.parse(Buffer.concat(pieces).toString()))
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
