/** The real transport, by `node:https`: global fetch costs a one-shot 20 ms more than the request itself needs. */
import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import type { Environment } from './context.ts'
import { type NamedProxy, parseHttpProxy, proxyFor } from './proxy.ts'
import {
  AnswerTooLarge,
  AnswerUnusable,
  CutShort,
  type HttpAnswer,
  type HttpRequest,
  mostInterimAnswers,
  type Transport,
} from './transport.ts'

/** How long a connection without a request is kept, as Node's own agent does. */
const keptMs = 5_000

/**
 * Certificates (PEM) to trust besides Node's own list; proxies come from the environment, as curl reads it.
 * `public`: nobody but the authorities that everybody trusts, whatever this machine was told besides.
 */
export function httpsTransport(
  environment: Environment,
  extraAuthorities: string | undefined,
  roots: 'default' | 'public' = 'default',
): Transport {
  // Agents of its own: by Node's global ones NODE_USE_ENV_PROXY would lead a token in clear text through a proxy.
  const agents: { plain?: HttpAgent; trusted?: Promise<TrustedAgent>; tunnels?: Promise<Agent> } = {}
  const agentFor = async (url: URL): Promise<HttpAgent> => {
    if (url.protocol === 'http:') {
      agents.plain ??= new (await import('node:http')).Agent({ keepAlive: true, timeout: keptMs })
      return agents.plain
    }
    agents.trusted ??= trustedAgent(extraAuthorities, roots)
    const { context, agent } = await agents.trusted
    const proxy = proxyFor(url, environment) // a tunnel hides the token from it, and only https has one
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
      rejectUnauthorized: true, // said, or NODE_TLS_REJECT_UNAUTHORIZED=0 would send a token to anybody
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
  /** Undefined: Node's own. */
  readonly context?: SecureContext
  readonly agent: Agent
}

/** Naming any authority replaces Node's own list, so that list is named too. */
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
 * signal, whatever the peer does: a 101, a flood of 1xx responses, a close without an end, a tunnel that is never made.
 */
export interface Http1Exchange {
  readonly body?: string | undefined
  readonly maxBytes: number
  /** Ends the exchange: its reason is what the promise rejects with. */
  readonly signal: AbortSignal
}

/** Rejects with the system's own error, AnswerTooLarge, AnswerUnusable, CutShort, or the signal's reason. */
export async function exchangeHttp1(
  sent: ClientRequest,
  { body, maxBytes, signal }: Http1Exchange,
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  // Destroying a request that has no socket yet (a proxy's tunnel is being made) emits nothing: reject as well.
  const end = (reason: unknown) => {
    reject(reason)
    sent.destroy()
  }
  const stop = () => end(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  let interim = 0
  sent.on('information', () => {
    if (++interim > mostInterimAnswers) end(new AnswerUnusable(`sent more than ${mostInterimAnswers} interim answers`))
  })
  let answered = false
  const switched = (status: number | undefined) =>
    end(new AnswerUnusable(`answered ${status}, a switch to a protocol that was not asked for`))
  sent.once('response', (answer) => {
    answered = true
    if (answer.statusCode === 101)
      switched(101) // without an Upgrade header Node takes it for a final response
    else collect(answer, { maxBytes, resolve, reject, end })
  })
  for (const event of ['upgrade', 'connect'] as const) {
    sent.once(event, ({ statusCode }, socket) => {
      socket.destroy()
      switched(statusCode)
    })
  }
  sent.on('error', reject)
  // A request may close before the last of its answer was read; whatever fails tells more, and earlier.
  sent.once('close', () => !answered && reject(new CutShort()))
  try {
    if (signal.aborted) stop()
    else sent.end(body)
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    // An answer may come before the request was read: the connection would wait for that for ever.
    if (!sent.writableFinished) sent.destroy()
  }
}

interface Collecting {
  readonly maxBytes: number
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (reason: unknown) => void
  /** Rejects, and destroys the connection. */
  readonly end: (reason: unknown) => void
}

/** By events: to iterate over a stream loads another 3 ms of modules. */
function collect(answer: IncomingMessage, { maxBytes, resolve, reject, end }: Collecting): void {
  const pieces: Buffer[] = []
  let bytes = 0
  answer.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) end(new AnswerTooLarge(maxBytes))
    else pieces.push(piece)
  })
  answer.once('error', end)
  answer.once('end', () => {
    if (answer.complete) resolve({ ...headOf(answer), body: Buffer.concat(pieces).toString('utf8') })
  })
  answer.once('close', () => reject(new CutShort())) // no effect after a whole answer
}

const headOf = ({ statusCode, headers }: IncomingMessage) => ({
  status: statusCode ?? 0,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
})
