/** The transport over `node:https`; global fetch would cost a one-shot command 20 ms more. */
import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import type { Environment } from './context.ts'
import { type NamedProxy, parseHttpProxy, proxyFor } from './proxy.ts'
import { collectBody, limitInterimResponses, type ReceiveResponse, type ResponseHead } from './response-body.ts'
import { AddressPrivate, ConnectionClosed, type HttpRequest, ResponseInvalid, type Transport } from './transport.ts'

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
  const agents: {
    plain?: HttpAgent
    trusted?: Promise<TrustedAgent>
    restricted?: Promise<TrustedAgent>
    tunnels?: Promise<Agent>
  } = {}
  const agentFor = async (url: URL, addresses: HttpRequest['addresses']): Promise<HttpAgent> => {
    if (url.protocol === 'http:') {
      agents.plain ??= new (await import('node:http')).Agent({ keepAlive: true, timeout: keptMs })
      return agents.plain
    }
    agents.trusted ??= trustedAgent(extraAuthorities, roots)
    const { context, agent } = await agents.trusted
    const proxy = proxyFor(url, environment) // only https is tunnelled, so that the proxy cannot read the token
    if (proxy === undefined && addresses === 'public') {
      // Its own connections: one that is open may lead to any address.
      agents.restricted ??= restrictedAgent(context)
      return (await agents.restricted).agent
    }
    if (proxy === undefined) return agent // of a proxy, which resolves the name itself, no address is known
    agents.tunnels ??= openTunnels(proxy, context)
    return await agents.tunnels
  }
  return async (request) => {
    const url = new URL(request.url)
    const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
    const options = {
      method: request.method,
      headers: bodyHeaders(request),
      agent: await agentFor(url, request.addresses),
      rejectUnauthorized: true, // explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 must not disable verification
    }
    if (request.addresses === 'public') await refusePrivate(url)
    request.signal.throwIfAborted()
    return await exchangeHttp1(open(url, options), request, async (head, body) => ({
      ...head,
      body: await collectBody(body, request.maxBytes),
    }))
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
  const context = secureContextFor(await import('node:tls'), extraAuthorities, roots)
  return { context, agent: new Agent({ ...kept, secureContext: context }) }
}

async function restrictedAgent(context: SecureContext | undefined): Promise<TrustedAgent> {
  const [{ Agent }, { publicLookup }] = await Promise.all([import('node:https'), import('./addresses.ts')])
  const kept = { keepAlive: true, timeout: keptMs, lookup: publicLookup() }
  return { agent: new Agent({ ...kept, ...(context && { secureContext: context }) }) }
}

/** An address is not resolved. @throws AddressPrivate */
async function refusePrivate({ hostname, protocol }: URL): Promise<void> {
  const { isPrivateAddress } = await import('./addresses.ts')
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isPrivateAddress(address)) throw new AddressPrivate([address])
  if (protocol !== 'https:') throw new TypeError('a restricted request is not encrypted')
}

/** Parsing certificates takes from 6 to 50 ms, so each set of authorities is parsed once; the last sets used are kept. */
const contexts = new Map<string, SecureContext>()
const keptContexts = 8

/** `roots`, and in addition the PEM certificates `extra`. */
export function secureContextFor(
  tls: typeof import('node:tls'),
  extra: string | undefined,
  roots: 'default' | 'public' | 'none',
): SecureContext {
  const key = `${roots}\n${extra ?? ''}`
  const known = () => (roots === 'none' ? [] : tls.getCACertificates(roots === 'public' ? 'bundled' : 'default'))
  const context =
    contexts.get(key) ?? tls.createSecureContext({ ca: extra === undefined ? known() : [...known(), extra] })
  contexts.delete(key)
  contexts.set(key, context)
  for (const oldest of contexts.keys()) if (contexts.size > keptContexts) contexts.delete(oldest)
  return context
}

export interface Http1Exchange {
  readonly body?: string | undefined
  /** Ends the exchange; the promise rejects with its reason. */
  readonly signal: AbortSignal
}

/**
 * One HTTP/1.1 exchange on a client request (RFC 9110, RFC 9112). The promise settles exactly once and no later than its
 * signal, whatever the peer does: a 101, a flood of 1xx responses, an early close, a tunnel that is never established. Rejects
 * with a system error, ResponseInvalid, ConnectionClosed, the signal's reason, or what `receive` rejects with.
 */
export async function exchangeHttp1<T>(
  sent: ClientRequest,
  { body, signal }: Http1Exchange,
  receive: ReceiveResponse<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  // Destroying a request without a socket (a proxy's tunnel is being established) emits no event: reject as well.
  let received: IncomingMessage | undefined
  const abort = (reason: Error) => {
    reject(reason)
    received?.destroy(reason) // first: its reader gets the reason, not that the request was aborted
    sent.destroy(reason)
  }
  const stop = () => abort(reasonOf(signal))
  signal.addEventListener('abort', stop, { once: true })
  sent.on('information', limitInterimResponses(abort))
  const switched = (status: number | undefined) =>
    abort(new ResponseInvalid(`responded with ${status}, a switch to a protocol that was not requested`))
  sent.once('response', (response) => {
    received = response
    if (response.statusCode === 101)
      switched(101) // without an Upgrade header Node takes it for a final response
    else {
      receive(headOf(response), { stream: response, isComplete: () => response.complete, abort }).then(resolve, reject)
    }
  })
  for (const event of ['upgrade', 'connect'] as const) {
    sent.once(event, ({ statusCode }, socket) => {
      socket.destroy()
      switched(statusCode)
    })
  }
  sent.on('error', (error) => {
    if (!received?.complete) reject(error)
  })
  sent.once('close', () => {
    signal.removeEventListener('abort', stop) // not before: a body may be read for long after the promise settled
    // A request can close before its response was read completely; other errors are more specific and come earlier.
    if (received === undefined) reject(new ConnectionClosed())
  })
  try {
    if (signal.aborted) stop()
    else sent.end(body)
    return await promise
  } finally {
    // A response can arrive before the request was read: the connection would wait for that forever.
    if (!sent.writableFinished) sent.destroy()
  }
}

const reasonOf = ({ reason }: AbortSignal): Error => (reason instanceof Error ? reason : new Error(String(reason)))

const headOf = ({ statusCode, headers }: IncomingMessage): ResponseHead => ({
  status: statusCode ?? 0,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
})
