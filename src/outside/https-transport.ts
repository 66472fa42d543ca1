/** The real transport, by `node:https`: global fetch costs a one-shot 20 ms more than the request itself needs. */
import type { Agent as HttpAgent } from 'node:http'
import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import { exchangeHttp1 } from './exchange-http1.ts'
import type { Environment } from './outside.ts'
import { type NamedProxy, parseHttpProxy, proxyFor } from './proxy.ts'
import type { HttpRequest, Transport } from './transport.ts'

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
