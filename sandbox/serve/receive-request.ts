/** Reads an HTTP/1.1 or HTTP/2 request into a SandboxRequest; a body over the limit is not kept. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { TLSSocket } from 'node:tls'
import type { SandboxRequest, SandboxResponse } from './handler.ts'

export type Incoming = IncomingMessage | Http2ServerRequest

export async function receiveRequest(
  incoming: Incoming,
  maxBodyBytes: number,
  signal: AbortSignal,
): Promise<{ request: SandboxRequest } | { refusal: SandboxResponse }> {
  const clientName = clientNameOf(incoming) // read first: the socket may be closed when the body has been read
  const body = await readBody(incoming, maxBodyBytes)
  if (!body) return { refusal: { status: 413, body: `Request body is larger than ${maxBodyBytes} bytes\n` } }
  const target = parseTarget(incoming.url ?? '')
  if (!target) return { refusal: { status: 400, body: 'Bad Request\n' } }
  const method = incoming.method ?? ''
  return {
    request: { method, ...target, headers: plainHeaders(incoming), body, ...(clientName && { clientName }), signal },
  }
}

const disconnected = new Error('the client disconnected before its request was complete')

/** By connection: decoding a certificate takes longer than a response. */
const clientNames = new WeakMap<object, string | undefined>()

function clientNameOf(incoming: Incoming): string | undefined {
  const connection = 'stream' in incoming ? incoming.stream.session : incoming.socket
  if (!connection) return undefined
  if (!clientNames.has(connection)) clientNames.set(connection, readClientName(incoming.socket))
  return clientNames.get(connection)
}

function readClientName(socket: Incoming['socket']): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const name = socket.getPeerCertificate().subject?.CN
  return Array.isArray(name) ? name[0] : name
}

/** Undefined if it is larger than allowed: the rest is read and discarded, so that the response arrives. */
async function readBody(incoming: Incoming, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  incoming.on('data', (piece: Buffer) => {
    size += piece.length
    if (size <= maxBytes) pieces.push(piece)
  })
  // Events, because an iteration takes three times as long.
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  incoming.once('end', resolve)
  incoming.once('error', reject)
  incoming.once('close', () => reject(disconnected)) // no effect after the end
  await promise
  return size <= maxBytes ? Buffer.concat(pieces) : undefined
}

/** Undefined if the percent-encoding is invalid. */
function parseTarget(target: string): Pick<SandboxRequest, 'path' | 'query'> | undefined {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  try {
    return { path: decodeURIComponent(path), query: new URLSearchParams(query) }
  } catch {
    return undefined // decodeURIComponent throws only URIError
  }
}

/** HTTP/2 has the host in a pseudo header (RFC 9113 §8.3.1): handlers find it under `host` in both versions. */
function plainHeaders(incoming: Incoming): Record<string, string> {
  const headers = Object.entries({ host: incoming.headers[':authority'], ...incoming.headers })
  return Object.fromEntries(
    headers
      .filter(([name, value]) => !name.startsWith(':') && value !== undefined)
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
  )
}
