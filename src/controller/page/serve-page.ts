/**
 * Serves the status page, at / of a listener of its own: it names documents, hosts and namespaces, which /metrics does not. It has no
 * authentication: at a loopback address it is reached by `kubectl port-forward`, which the API server authorizes. There a request
 * for another host name is refused, so that a web page in the same browser cannot read it (DNS rebinding).
 */
import { BlockList, isIP } from 'node:net'
import type { Context } from '../../http/context.ts'
import {
  type HttpResponse,
  type HttpServer,
  type ListenAddress,
  openHttpServer,
  plainResponse,
} from '../../server/http-server.ts'
import { withholdSecrets } from '../../text/secret-register.ts'
import type { PageFacts } from './page-facts.ts'
import { pageStyleHash } from './page-style.ts'
import { renderPage } from './render-page.ts'

/** https://www.w3.org/TR/CSP3/: nothing is loaded or run, and no other page shows this one. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${pageStyleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A page is rendered at most so often, whatever the number of requests: it reads the state of every namespace. */
const renderEveryMs = 2_000

/** Until it is closed. @throws USAGE_INVALID if the server cannot listen at the address */
export async function serveStatusPage(
  listen: ListenAddress,
  facts: () => PageFacts,
  { now, log, secrets }: Pick<Context, 'now' | 'log' | 'secrets'>,
): Promise<HttpServer> {
  let rendered: { readonly page: string; readonly atMs: number } | undefined
  const render = () => {
    const atMs = now().getTime()
    if (rendered === undefined || Math.abs(atMs - rendered.atMs) >= renderEveryMs) {
      rendered = { page: withholdSecrets(renderPage(facts()), secrets), atMs }
    }
    return rendered.page
  }
  const server = await openHttpServer({
    listen,
    keepAliveMs: 5_000,
    respond: (path, { host }) => respondPage(path, { host, isLocal: isLoopback(listen.host) }, render),
  })
  log('info', 'serving the status page', { port: server.port })
  return server
}

/** `isLocal`: the server listens at a loopback address. Undefined: not found. @internal */
export function respondPage(
  path: string,
  { host, isLocal }: { readonly host: string | undefined; readonly isLocal: boolean },
  render: () => string,
): HttpResponse | undefined {
  if (path !== '/') return undefined
  // RFC 9110 §15.5.20: a request for a host for which this server does not respond.
  if (isLocal && !isLoopback(host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))) {
    return plainResponse(421, 'the host of the request is not a loopback address', {
      'x-content-type-options': 'nosniff',
    })
  }
  return { ...plainResponse(200, '', headers), text: render() }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** A name other than `localhost` can resolve to any address. */
function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false
  const family = isIP(host)
  return family === 0 ? host.toLowerCase() === 'localhost' : loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
