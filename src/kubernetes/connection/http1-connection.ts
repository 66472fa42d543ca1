/** Requests to the API server over HTTP/1.1 connections that are kept (RFC 9112 §9.3): proxies, `kubectl proxy`, one by one. */
import type { Agent, ClientRequest, RequestOptions, request } from 'node:http'
import { exchangeHttp1 } from '../../http/https-transport.ts'
import { ConnectionClosed } from '../../http/transport.ts'
import {
  type Connection,
  ConnectionStalled,
  type HttpRequest,
  type HttpResponse,
  ResponseOverdue,
  Untrusted,
} from './connection.ts'

export interface Http1Way {
  readonly request: typeof request
  readonly agent: Agent
  /** Where to, and how TLS is made. */
  readonly target: RequestOptions
  readonly idleTimeoutMs: number
}

export function openHttp1Connection(way: Http1Way): Connection {
  const waiting = new Set<AbortController>()
  return {
    async send(message) {
      const end = new AbortController()
      waiting.add(end)
      const over = setTimeout(() => end.abort(new ResponseOverdue(message.timeoutMs)), message.timeoutMs)
      try {
        return await sendOnce(way, message, end)
      } finally {
        clearTimeout(over)
        waiting.delete(end)
      }
    },
    state: () => 'usable', // its agent opens a connection whenever one is needed
    destroy() {
      for (const end of waiting) end.abort(new ConnectionClosed())
      way.agent.destroy()
    },
  }
}

async function sendOnce(way: Http1Way, message: HttpRequest, end: AbortController): Promise<HttpResponse> {
  const { method, path, body, maxResponseBytes: maxBytes } = message
  const sent = way.request({ ...way.target, agent: way.agent, method, path, headers: headersOf(message) })
  sent.setTimeout(way.idleTimeoutMs, () => end.abort(new ConnectionStalled(way.idleTimeoutMs)))
  try {
    const { status, headers, body: text } = await exchangeHttp1(sent, { body, maxBytes, signal: end.signal })
    return { status, retryAfter: headers['retry-after'], body: text }
  } catch (error) {
    throw error instanceof Error && isUntrusted(way, sent) ? new Untrusted(error) : error
  }
}

function headersOf({ headers, body }: HttpRequest): Record<string, string | string[]> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
}

/** Where a proxy stands between, TLS is made by the agent, and its verdict is only found on the socket. */
function isUntrusted({ target }: Http1Way, { socket }: ClientRequest): boolean {
  const verifies = 'rejectUnauthorized' in target && target.rejectUnauthorized === true
  return verifies && socket !== null && 'authorizationError' in socket && Boolean(socket.authorizationError)
}
