import { kubernetesContract } from '../../../e2e/contract/kubernetes-contract.ts'
import { createKubernetesApi, type KubernetesApi } from '../../../sandbox/kubernetes/kubernetes-api.ts'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'

const adminToken = 'admin-token'

kubernetesContract('sandbox', async () => {
  const authority = await createCertificateAuthority()
  const served: { handle?: SandboxHandler } = {}
  const part = await servePart({
    handler: (request) => served.handle?.(request) ?? { status: 503 },
    tls: { authority, http2: 'offered' },
  })
  const tokens = { [adminToken]: 'admin' }
  const api = await createKubernetesApi({ issuer: part.url, now: () => new Date(), tokens })
  served.handle = api.handle
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
    userWith: (rules) => userWith(api, rules),
    close: part.close,
  }
})

let users = 0

async function userWith(api: KubernetesApi, rules: Parameters<KubernetesApi['authorization']['permit']>[1]) {
  users += 1
  const name = `user-${users}`
  api.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } })
  api.authorization.permit(`system:serviceaccount:default:${name}`, rules)
  return api.signServiceAccountToken({ namespace: 'default', name, audiences: [api.issuer], lifeSeconds: 3600 })
}
