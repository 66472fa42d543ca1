/** Requests over persistent HTTP/1.1 connections (RFC 9112 §9.3): through proxies, to `kubectl proxy`, one at a time. */
import type { Agent, ClientRequest, RequestOptions, request } from 'node:http'
import { exchangeHttp1 } from '../../http/https-transport.ts'
import { ConnectionClosed } from '../../http/transport.ts'
import {
  type Connection,
  ConnectionStalled,
  type HttpRequest,
  type Receive,
  ResponseOverdue,
  receiveStream,
  receiveWhole,
  Untrusted,
} from './connection.ts'

export interface Http1Settings {
  readonly request: typeof request
  readonly agent: Agent
  /** For streams: each occupies a connection for as long as it lasts. */
  readonly streamAgent: Agent
  /** Host, port and TLS settings. */
  readonly target: RequestOptions
  readonly idleTimeoutMs: number
}

export function openHttp1Connection(settings: Http1Settings): Connection {
  const inFlight = new Set<AbortController>()
  const track = () => {
    const controller = new AbortController()
    inFlight.add(controller)
    return { controller, done: () => inFlight.delete(controller) }
  }
  return {
    async send({ body, maxResponseBytes, timeoutMs, ...sent }) {
      const { controller, done } = track()
      const timer = setTimeout(() => controller.abort(new ResponseOverdue(timeoutMs)), timeoutMs)
      try {
        const open = { ...sent, body, agent: settings.agent, idleTimeoutMs: settings.idleTimeoutMs, controller }
        return await exchange(settings, open, () => receiveWhole(maxResponseBytes))
      } finally {
        clearTimeout(timer)
        done()
      }
    },
    async stream({ maxLineBytes, timeoutMs, signal, ...sent }) {
      const { controller, done } = track()
      const timer = setTimeout(() => controller.abort(new ResponseOverdue(timeoutMs)), timeoutMs)
      const stop = () => controller.abort(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        done()
      }
      const open = { ...sent, method: 'GET', agent: settings.streamAgent, controller, onClose: end }
      return await exchange(settings, open, (allowSilence) =>
        receiveStream(maxLineBytes, () => clearTimeout(timer), allowSilence),
      )
    },
    state: () => 'usable', // its agent opens a connection whenever one is needed
    destroy() {
      for (const controller of inFlight) controller.abort(new ConnectionClosed())
      settings.agent.destroy()
      settings.streamAgent.destroy()
    },
  }
}

interface Http1Request extends Pick<HttpRequest, 'method' | 'path' | 'headers'> {
  readonly body?: string | undefined
  readonly agent: Agent
  readonly idleTimeoutMs: number
  readonly controller: AbortController
  /** Called once the exchange is over, the reading of its response included. */
  readonly onClose?: () => void
}

async function exchange<T>(settings: Http1Settings, open: Http1Request, receive: Receive<T>): Promise<T> {
  const { method, path, agent, body, idleTimeoutMs, controller, onClose } = open
  const sent = settings.request({ ...settings.target, agent, method, path, headers: headersOf(open) })
  let idleMs = idleTimeoutMs
  sent.setTimeout(idleMs, () => controller.abort(new ConnectionStalled(idleMs)))
  const allowSilence = (ms: number) => {
    idleMs = ms
    sent.setTimeout(ms)
  }
  if (onClose !== undefined) sent.once('close', onClose)
  try {
    return await exchangeHttp1(sent, { body, signal: controller.signal }, receive(allowSilence))
  } catch (error) {
    onClose?.() // a request without a socket emits no event
    throw error instanceof Error && isUntrusted(settings, sent) ? new Untrusted(error) : error
  }
}

function headersOf({ headers, body }: Http1Request): Record<string, string | string[]> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
}

/** Behind a proxy the agent establishes TLS, so that the result of the verification is found on the socket only. */
function isUntrusted({ target }: Http1Settings, { socket }: ClientRequest): boolean {
  const verifies = 'rejectUnauthorized' in target && target.rejectUnauthorized === true
  return verifies && socket !== null && 'authorizationError' in socket && Boolean(socket.authorizationError)
}
