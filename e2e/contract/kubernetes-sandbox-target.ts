/** The sandbox's Kubernetes API as the contract wants it, on a real socket. */
import { createKubernetesApi, type KubernetesApi } from '../../sandbox/kubernetes/kubernetes-api.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import type { Rule } from './kubernetes-cluster.ts'
import type { StartedTarget } from './kubernetes-contract.ts'

const adminToken = 'admin-token'

export async function startSandboxTarget(): Promise<StartedTarget> {
  const authority = await createCertificateAuthority()
  const served: { handle?: SandboxHandler } = {}
  const part = await servePart({
    handler: (request) => served.handle?.(request) ?? { status: 503 },
    tls: { authority, http2: 'offered' },
  })
  const tokens = { [adminToken]: 'admin' }
  const api = await createKubernetesApi({ issuer: part.url, now: () => new Date(), ca: authority.ca, tokens })
  api.announce(part.url)
  served.handle = api.handle
  let users = 0
  return {
    url: part.url,
    ca: authority.ca,
    adminToken,
    issuer: part.url,
    compact: async () => api.store.compact(),
    async collectionWithoutPast() {
      api.store.compact()
      return '/api/v1/secrets'
    },
    userWith(rules) {
      users += 1
      return createUser(api, `user-${users}`, rules)
    },
    close: part.close,
  }
}

function createUser(api: KubernetesApi, name: string, rules: readonly Rule[]): Promise<string> {
  api.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } })
  api.authorization.permit(`system:serviceaccount:default:${name}`, rules)
  return api.signServiceAccountToken({ namespace: 'default', name, audiences: [api.issuer], lifeSeconds: 3600 })
}
