/** The real transport, by `node:https`: global fetch costs a one-shot 20 ms more than the request itself needs. */
import type { IncomingMessage, RequestOptions } from 'node:http'
import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import { namesProxy } from './check-proxy.ts'
import { collectText } from './collect-text.ts'
import type { Environment } from './outside.ts'
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts'

const loopback = /^(?:localhost|127\.[0-9.]+|\[::1\])$/

/**
 * Certificates (PEM) to trust besides Node's own list; proxies come from the environment, as curl reads it.
 * `public`: nobody but the authorities that everybody trusts, whatever this machine was told besides.
 */
export function httpsTransport(
  environment: Environment,
  extraAuthorities: string | undefined,
  roots: 'default' | 'public' = 'default',
): Transport {
  let trusted: Promise<Trust> | undefined
  return async (request) => {
    const url = new URL(request.url)
    const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
    const options: RequestOptions & { rejectUnauthorized: true } = {
      method: request.method,
      headers: bodyHeaders(request),
      signal: request.signal,
      rejectUnauthorized: true, // said, or NODE_TLS_REJECT_UNAUTHORIZED=0 would send a token to anybody
    }
    if (url.protocol === 'https:') {
      trusted ??= trust(extraAuthorities, roots)
      options.agent = (await trusted).agent
    }
    if (mayUseProxy(url) && namesProxy(environment)) {
      const { proxyAgent } = await import('./proxy-agent.ts')
      options.agent = await proxyAgent(environment, (await trusted)?.context)
    }
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const sent = open(url, options, (answer) => {
        collectText(answer, request.maxBytes).then((body) => resolve({ ...headOf(answer), body }), reject)
      })
      sent.on('error', reject)
      sent.end(request.body)
    })
  }
}

/** A tunnel hides the token from the proxy, and only https has one; what is on this machine needs none. */
const mayUseProxy = ({ protocol, hostname }: URL) => protocol === 'https:' && !loopback.test(hostname)

function bodyHeaders({ headers, body }: HttpRequest): Record<string, string> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
}

/** Empty: Node's own. */
interface Trust {
  readonly context?: SecureContext
  readonly agent?: Agent
}

/** Naming any authority replaces Node's own list, so that list is named too. To parse it costs 6 ms: once for all. */
async function trust(extraAuthorities: string | undefined, roots: 'default' | 'public'): Promise<Trust> {
  if (extraAuthorities === undefined && roots === 'default') return {}
  const { createSecureContext, getCACertificates } = await import('node:tls')
  const { Agent } = await import('node:https')
  const known = getCACertificates(roots === 'public' ? 'bundled' : 'default')
  const context = createSecureContext({ ca: extraAuthorities === undefined ? known : [...known, extraAuthorities] })
  // An agent of its own, which keeps connections as Node's does: that would lend them to who trusts others.
  return { context, agent: new Agent({ secureContext: context, keepAlive: true, timeout: 5000 }) }
}

const headOf = ({ statusCode, headers }: IncomingMessage) => ({
  status: statusCode ?? 0,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
})
