/** Requests to the API server over HTTP/1.1 connections that are kept (RFC 9112 §9.3): proxies, `kubectl proxy`, one by one. */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions, request } from 'node:http'
import { collectText } from '../outside/collect-text.ts'
import { type Answer, CutShort, type Line, type Message, Overdue, Stalled, Untrusted } from './line.ts'

export interface Http1Way {
  readonly request: typeof request
  readonly agent: Agent
  /** Where to, and how TLS is made. */
  readonly target: RequestOptions
  readonly timeoutMs: number
}

export function openHttp1Line(way: Http1Way): Line {
  const waiting = new Set<ClientRequest>()
  return {
    async send(message) {
      const { method, path, longestMs } = message
      const sent = way.request({ ...way.target, agent: way.agent, method, path, headers: headersOf(message) })
      waiting.add(sent)
      sent.setTimeout(way.timeoutMs, () => sent.destroy(new Stalled(way.timeoutMs)))
      const over = setTimeout(() => sent.destroy(new Overdue(longestMs)), longestMs)
      try {
        return await receive(sent, message)
      } finally {
        clearTimeout(over)
        waiting.delete(sent)
      }
    },
    state: () => 'usable', // its agent opens a connection whenever one is needed
    destroy() {
      for (const sent of waiting) sent.destroy()
      way.agent.destroy()
    },
  }
}

function headersOf({ headers, body }: Message): Record<string, string | string[]> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
}

function receive(sent: ClientRequest, { body, maxAnswerBytes }: Message): Promise<Answer> {
  return new Promise((resolve, reject) => {
    sent.once('response', (answer) => {
      readWhole(answer, maxAnswerBytes).then(resolve, reject)
    })
    sent.on('error', (error) => reject(isUntrusted(sent) ? new Untrusted(error) : error))
    sent.end(body)
  })
}

/** Where a proxy stands between, TLS is made by the agent, and its verdict is only found on the socket. */
function isUntrusted({ socket }: ClientRequest): boolean {
  return socket !== null && 'authorizationError' in socket && Boolean(socket.authorizationError)
}

async function readWhole(answer: IncomingMessage, maxBytes: number): Promise<Answer> {
  const body = await collectText(answer, maxBytes)
  if (!answer.complete) throw new CutShort()
  return { status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'], body }
}
