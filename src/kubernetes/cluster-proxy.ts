/** The agent that reaches an API server through a proxy, HTTP or SOCKS, by Kubernetes' own client. */
import type { Agent } from 'node:http'
import type { RequestOptions } from 'node:https'
import { PullpassError } from '../outside/pullpass-error.ts'

/** @throws KUBECONFIG_INVALID */
export async function clusterProxy(server: URL, proxyUrl: string): Promise<Agent> {
  if (!/^(?:https?|socks5?h?):$/.test(URL.canParse(proxyUrl) ? new URL(proxyUrl).protocol : '')) throw invalid()
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'cluster', server: server.href, skipTLSVerify: false, proxyUrl }, // the line itself says how TLS is made
    { name: 'nobody' },
  )
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  if (typeof options.agent !== 'object') throw invalid()
  return Object.assign(options.agent, { keepAlive: true })
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
