/** Sends a handler's response by HTTP/1.1 or HTTP/2: whole, streamed in chunks, or truncated for a fault. */
import type { ServerResponse } from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SandboxResponse } from './handler.ts'

export type Outgoing = ServerResponse | Http2ServerResponse

/** The bytes with their media type, or the chunks of a stream. */
interface Content {
  readonly type?: string
  readonly body: Buffer | AsyncIterable<string>
}

export async function sendResponse(outgoing: Outgoing, method: string, response: SandboxResponse): Promise<void> {
  const { body } = sendHead(outgoing, response)
  if (method === 'HEAD') outgoing.end()
  else if (Buffer.isBuffer(body)) outgoing.end(body)
  else await pipeline(body, outgoing).catch(ignoreDisconnect)
}

/** Headers and half of the body, or the first chunk of a stream; resolves when they have been written. */
export async function sendHalf(outgoing: Outgoing, response: SandboxResponse): Promise<void> {
  const { body } = sendHead(outgoing, response)
  const half = Buffer.isBuffer(body) ? body.subarray(0, body.length / 2) : await firstChunk(body)
  const writable: Writable = outgoing
  await new Promise<void>((resolve) => {
    writable.write(half, () => resolve())
  })
}

function sendHead(outgoing: Outgoing, response: SandboxResponse): Content {
  const content = contentOf(response.body)
  if (content.type) outgoing.setHeader('content-type', content.type)
  if (Buffer.isBuffer(content.body)) outgoing.setHeader('content-length', content.body.length)
  for (const [name, value] of Object.entries(response.headers ?? {})) outgoing.setHeader(name, value)
  outgoing.statusCode = response.status
  if (!Buffer.isBuffer(content.body)) flushHead(outgoing)
  return content
}

/** The client of a watch must receive headers before the first event. */
function flushHead(outgoing: Outgoing): void {
  if (outgoing instanceof Http2ServerResponse) outgoing.writeHead(outgoing.statusCode)
  else outgoing.flushHeaders()
}

function contentOf(body: SandboxResponse['body']): Content {
  if (body === undefined) return { body: Buffer.alloc(0) }
  if (Buffer.isBuffer(body)) return { type: 'application/octet-stream', body }
  if (typeof body === 'string') return { type: 'text/plain; charset=utf-8', body: Buffer.from(body) }
  if (Symbol.asyncIterator in body) return { body }
  return { type: 'application/json', body: Buffer.from(JSON.stringify(body)) }
}

async function firstChunk(chunks: AsyncIterable<string>): Promise<Buffer> {
  for await (const chunk of chunks) return Buffer.from(chunk)
  return Buffer.alloc(0)
}

function ignoreDisconnect(error: NodeJS.ErrnoException): void {
  const disconnects = [
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_HTTP2_INVALID_STREAM',
    'ERR_STREAM_DESTROYED',
    'ABORT_ERR',
    'EPIPE',
    'ECONNRESET',
  ]
  if (!disconnects.includes(error.code ?? '')) throw error
}
