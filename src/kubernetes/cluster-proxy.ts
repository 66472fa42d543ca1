/** The agent that reaches an API server through a proxy, HTTP or SOCKS, by Kubernetes' own client. */
import type { Agent } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { PullpassError } from '../outside/pullpass-error.ts'

/** Makes an agent by how the API server is trusted behind the proxy. @throws KUBECONFIG_INVALID */
export function clusterProxy(server: URL, proxyUrl: string): (tls: ConnectionOptions) => Promise<Agent> {
  if (!/^(?:https?|socks[45]?[ah]?):$/.test(URL.canParse(proxyUrl) ? new URL(proxyUrl).protocol : '')) throw invalid()
  return async (tls) => {
    const { KubeConfig } = await import('./kube-config.ts')
    const config = new KubeConfig()
    // The library refuses plain http unless nothing is to be verified; over https `tls` says what is.
    const skipTLSVerify = server.protocol === 'http:' || tls.rejectUnauthorized === false
    config.loadFromClusterAndUser({ name: 'cluster', server: server.href, skipTLSVerify, proxyUrl }, { name: 'nobody' })
    const options: RequestOptions = { ...tls }
    await config.applyToHTTPSOptions(options)
    if (typeof options.agent !== 'object') throw invalid()
    return Object.assign(options.agent, { keepAlive: true })
  }
}

/** The URL itself is not shown: it may hold a password. */
function invalid(): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    seen: 'the proxy for the API server (proxy-url, or HTTPS_PROXY) is no URL of a proxy',
    expected: 'http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT',
    hint: 'correct it, or name the API server in NO_PROXY',
  })
}
