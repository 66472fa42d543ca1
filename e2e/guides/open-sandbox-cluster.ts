/** The sandbox's cluster at a fixed address, with the issuer of the last roll-out. */
import type { ApiServer } from '../../sandbox/kubernetes/api-server.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { apiServerNames } from '../../sandbox/start/open-cluster.ts'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import type { GuideCluster, Issuers } from './guide-cluster.ts'

export async function openSandboxCluster(
  { cluster, authority, kubeconfig, parts }: Sandbox,
  first: Issuers,
  defer: (close: () => Promise<void>) => void,
): Promise<GuideCluster> {
  let serving: ApiServer = await cluster.createReplica(first)
  const tls = { authority, http2: 'offered', clientCertificates: 'requested', serverNames: apiServerNames } as const
  const part = await servePart({ handler: (request) => serving.handle(request), tls })
  defer(part.close)
  const [adminToken = ''] = /(?<=token: ).+/.exec(kubeconfig) ?? []
  return {
    kind: 'sandbox',
    kubeconfig: () => kubeconfig.replace(parts.kubernetes.url, part.url),
    apiServer: () => ({ server: part.url, authority: authority.ca, adminToken }),
    issuer: () => serving.issuer,
    async changeIssuer(issuers) {
      serving = await cluster.createReplica(issuers)
    },
  }
}
