/** The agent that reaches an API server through a proxy: a tunnel of ours by HTTP, Kubernetes' own client for SOCKS. */
import type { Agent } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { type NamedProxy, parseHttpProxy } from '../../http/proxy.ts'

/** Makes an agent by how the API server is trusted behind the proxy. @throws KUBECONFIG_INVALID */
export function clusterProxy(server: URL, proxy: NamedProxy): (tls: ConnectionOptions) => Promise<Agent> {
  const protocol = URL.parse(proxy.url)?.protocol ?? ''
  if (!/^(?:https?|socks[45]?[ah]?):$/.test(protocol)) throw invalid(proxy)
  if (!protocol.startsWith('http') || server.protocol === 'http:') return agentOfClient(server, proxy)
  const parsed = parseHttpProxy(proxy)
  return async (tls) => (await import('../../http/proxy-tunnel.ts')).tunnelAgent(parsed, tls)
}

const agentOfClient = (server: URL, proxy: NamedProxy) => async (tls: ConnectionOptions) => {
  const { KubeConfig } = await import('./kube-config.ts')
  const config = new KubeConfig()
  // The library refuses plain http unless nothing is to be verified; over https `tls` determines that.
  const skipTLSVerify = server.protocol === 'http:' || tls.rejectUnauthorized === false
  const cluster = { name: 'cluster', server: server.href, skipTLSVerify, proxyUrl: proxy.url }
  config.loadFromClusterAndUser(cluster, { name: 'none' })
  const options: RequestOptions = { ...tls }
  await config.applyToHTTPSOptions(options)
  if (typeof options.agent !== 'object') throw invalid(proxy)
  return Object.assign(options.agent, { keepAlive: true })
}

/** The URL itself is not shown: it may hold a password. */
function invalid({ source }: NamedProxy): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    seen: `${source} is not the URL of a proxy for the API server`,
    expected: 'http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT',
    hint: 'correct it, or name the API server in NO_PROXY',
  })
}
