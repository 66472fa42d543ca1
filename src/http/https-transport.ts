/** The transport over `node:https`; global fetch would cost a one-shot command 20 ms more. */
import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import type { Environment } from './context.ts'
import { type NamedProxy, parseHttpProxy, proxyFor } from './proxy.ts'
import {
  ConnectionClosed,
  type HttpRequest,
  type HttpResponse,
  maxInterimResponses,
  ResponseInvalid,
  ResponseTooLarge,
  type Transport,
} from './transport.ts'

/** How long an idle connection is kept, as in Node's own agent. */
const keptMs = 5_000

/**
 * `extraAuthorities`: PEM certificates to trust in addition to Node's list. Proxies come from the environment, as in curl.
 * `roots: 'public'`: only the public authorities bundled with Node, whatever is configured on this machine.
 */
export function httpsTransport(
  environment: Environment,
  extraAuthorities: string | undefined,
  roots: 'default' | 'public' = 'default',
): Transport {
  // Own agents: with Node's global ones NODE_USE_ENV_PROXY would send a token in clear text through a proxy.
  const agents: { plain?: HttpAgent; trusted?: Promise<TrustedAgent>; tunnels?: Promise<Agent> } = {}
  const agentFor = async (url: URL): Promise<HttpAgent> => {
    if (url.protocol === 'http:') {
      agents.plain ??= new (await import('node:http')).Agent({ keepAlive: true, timeout: keptMs })
      return agents.plain
    }
    agents.trusted ??= trustedAgent(extraAuthorities, roots)
    const { context, agent } = await agents.trusted
    const proxy = proxyFor(url, environment) // only https is tunnelled, so that the proxy cannot read the token
    if (proxy === undefined) return agent
    agents.tunnels ??= openTunnels(proxy, context)
    return await agents.tunnels
  }
  return async (request) => {
    const url = new URL(request.url)
    const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
    const options = {
      method: request.method,
      headers: bodyHeaders(request),
      agent: await agentFor(url),
      rejectUnauthorized: true, // explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 must not disable verification
    }
    request.signal.throwIfAborted()
    return await exchangeHttp1(open(url, options), request)
  }
}

async function openTunnels(proxy: NamedProxy, secureContext: SecureContext | undefined): Promise<Agent> {
  const { tunnelAgent } = await import('./proxy-tunnel.ts')
  return await tunnelAgent(parseHttpProxy(proxy), { timeout: keptMs, ...(secureContext && { secureContext }) })
}

function bodyHeaders({ headers, body }: HttpRequest): Record<string, string> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
}

interface TrustedAgent {
  /** Undefined: Node's default. */
  readonly context?: SecureContext
  readonly agent: Agent
}

/** The `ca` option replaces Node's list, so that list is included. */
async function trustedAgent(extraAuthorities: string | undefined, roots: 'default' | 'public'): Promise<TrustedAgent> {
  const { Agent } = await import('node:https')
  const kept = { keepAlive: true, timeout: keptMs }
  if (extraAuthorities === undefined && roots === 'default') return { agent: new Agent(kept) }
  const context = contextFor(await import('node:tls'), extraAuthorities, roots)
  return { context, agent: new Agent({ ...kept, secureContext: context }) }
}

/** Parsing certificates takes from 6 to 50 ms, so each set of authorities is parsed once; the last sets used are kept. */
const contexts = new Map<string, SecureContext>()
const keptContexts = 8

function contextFor(tls: typeof import('node:tls'), extra: string | undefined, roots: 'default' | 'public') {
  const key = `${roots}\n${extra ?? ''}`
  const known = () => tls.getCACertificates(roots === 'public' ? 'bundled' : 'default')
  const context =
    contexts.get(key) ?? tls.createSecureContext({ ca: extra === undefined ? known() : [...known(), extra] })
  contexts.delete(key)
  contexts.set(key, context)
  for (const oldest of contexts.keys()) if (contexts.size > keptContexts) contexts.delete(oldest)
  return context
}

/**
 * One HTTP/1.1 exchange on a client request (RFC 9110, RFC 9112). The promise settles exactly once and no later than its
 * signal, whatever the peer does: a 101, a flood of 1xx responses, an early close, a tunnel that is never established.
 */
export interface Http1Exchange {
  readonly body?: string | undefined
  readonly maxBytes: number
  /** Ends the exchange; the promise rejects with its reason. */
  readonly signal: AbortSignal
}

/** Rejects with a system error, ResponseTooLarge, ResponseInvalid, ConnectionClosed, or the signal's reason. */
export async function exchangeHttp1(
  sent: ClientRequest,
  { body, maxBytes, signal }: Http1Exchange,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  // Destroying a request without a socket (a proxy's tunnel is being established) emits no event: reject as well.
  const end = (reason: unknown) => {
    reject(reason)
    sent.destroy()
  }
  const stop = () => end(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  let interim = 0
  sent.on('information', () => {
    if (++interim > maxInterimResponses)
      end(new ResponseInvalid(`sent more than ${maxInterimResponses} interim responses`))
  })
  let responded = false
  const switched = (status: number | undefined) =>
    end(new ResponseInvalid(`answered ${status}, a switch to a protocol that was not requested`))
  sent.once('response', (response) => {
    responded = true
    if (response.statusCode === 101)
      switched(101) // without an Upgrade header Node takes it for a final response
    else collect(response, { maxBytes, resolve, reject, end })
  })
  for (const event of ['upgrade', 'connect'] as const) {
    sent.once(event, ({ statusCode }, socket) => {
      socket.destroy()
      switched(statusCode)
    })
  }
  sent.on('error', reject)
  // A request can close before its response was read completely; other errors are more specific and come earlier.
  sent.once('close', () => !responded && reject(new ConnectionClosed()))
  try {
    if (signal.aborted) stop()
    else sent.end(body)
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    // A response can arrive before the request was read: the connection would wait for that forever.
    if (!sent.writableFinished) sent.destroy()
  }
}

interface Collecting {
  readonly maxBytes: number
  readonly resolve: (response: HttpResponse) => void
  readonly reject: (reason: unknown) => void
  /** Rejects, and destroys the connection. */
  readonly end: (reason: unknown) => void
}

/** With events: iterating over a stream loads modules for another 3 ms. */
function collect(response: IncomingMessage, { maxBytes, resolve, reject, end }: Collecting): void {
  const pieces: Buffer[] = []
  let bytes = 0
  response.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) end(new ResponseTooLarge(maxBytes))
    else pieces.push(piece)
  })
  response.once('error', end)
  response.once('end', () => {
    if (response.complete) resolve({ ...headOf(response), body: Buffer.concat(pieces).toString('utf8') })
  })
  response.once('close', () => reject(new ConnectionClosed())) // no effect after a complete response
}

const headOf = ({ statusCode, headers }: IncomingMessage) => ({
  status: statusCode ?? 0,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
})
