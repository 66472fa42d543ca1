/** The sandbox's Kubernetes API as the target of the contract, on real sockets. */
import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { createKubernetesApi, type KubernetesApi } from '../../sandbox/kubernetes/kubernetes-api.ts'
import { signingKeyOf } from '../../sandbox/kubernetes/tokens/signing-keys.ts'
import { type CertificateAuthority, createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../sandbox/serve/serve-part.ts'
import { createMovableClock, type MovableClock } from '../../sandbox/start/movable-clock.ts'
import type { Replica, ReplicaPlan, Rule, ServerKeys } from './kubernetes-cluster.ts'
import type { StartedTarget } from './kubernetes-contract.ts'

const adminToken = 'admin-token'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** @throws unless it succeeds */
async function requestAsAdmin(
  { handle }: KubernetesApi,
  { body = Buffer.alloc(0), ...request }: { readonly method: string; readonly path: string; readonly body?: Buffer },
): Promise<void> {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/yaml' }
  const { signal } = new AbortController()
  const { status } = await handle({ ...request, query: new URLSearchParams(), headers, body, signal })
  if (status >= 300) throw new Error(`${request.method} ${request.path} returned ${status}`)
}

interface ServerContext {
  readonly authority: CertificateAuthority
  readonly clock: MovableClock
}

export async function startSandboxTarget(): Promise<StartedTarget> {
  const context = { authority: await createCertificateAuthority(), clock: createMovableClock(() => new Date()) }
  const { clock } = context
  const served: { handle?: SandboxHandler } = {}
  const part = await serve(context, (request) => served.handle?.(request) ?? { status: 503 })
  const { url } = part
  const { ca } = context.authority
  const api = await createKubernetesApi({ issuer: url, now: clock.now, ca, tokens: { [adminToken]: 'admin' } })
  api.registerServer(url)
  served.handle = api.handle
  let users = 0
  return {
    url,
    ca,
    adminToken,
    issuer: url,
    signingKey: api.keys.current.privateKey,
    now: clock.now,
    async waitUntil(instant) {
      const secondsLeft = Math.ceil((instant.getTime() - clock.now().getTime()) / 1000)
      if (secondsLeft > 0) clock.advance(`${secondsLeft} s`)
    },
    compact: async () => api.store.compact(),
    async installDefinitions() {
      for (const document of parseAllDocuments(await readFile('deploy/crds/manifests.yaml', 'utf8')))
        await requestAsAdmin(api, { method: 'POST', path: definitions, body: Buffer.from(String(document)) })
    },
    async deleteDefinitions() {
      for (const resource of ['clusterpullsecrets', 'pullsecrets'])
        await requestAsAdmin(api, { method: 'DELETE', path: `${definitions}/${resource}.pullpass.dev` })
    },
    async compactedCollection() {
      api.store.compact()
      return '/api/v1/secrets'
    },
    createUser(rules) {
      users += 1
      return createUser(api, `user-${users}`, rules)
    },
    startReplica: (plan) => startReplica(context, api, plan),
    close: part.close,
  }
}

const serve = ({ authority, clock }: ServerContext, handler: SandboxHandler): Promise<Part> =>
  servePart({ handler, now: clock.now, idle: 'ended', tls: { authority, http2: 'offered' } })

async function startReplica(context: ServerContext, api: KubernetesApi, plan: ReplicaPlan): Promise<Replica> {
  const { keys, readers: _, ...differing } = plan
  const replica = await api.createReplica({ ...differing, ...(keys && { keys: readKeys(keys) }) })
  const { url, close } = await serve(context, replica.handle)
  return {
    url,
    ca: context.authority.ca,
    restart: async (changed) => replica.keys.replace(readKeys(changed)),
    async occupy() {
      const end = replica.overload()
      return async () => end()
    },
    close,
  }
}

const readKeys = ({ signing, verifying }: ServerKeys) => ({
  signing: signingKeyOf(signing),
  published: verifying.map(signingKeyOf),
})

function createUser(api: KubernetesApi, name: string, rules: readonly Rule[]): Promise<string> {
  api.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } })
  api.authorization.permit(`system:serviceaccount:default:${name}`, rules)
  return api.signServiceAccountToken({ namespace: 'default', name, audiences: [api.issuer], lifeSeconds: 3600 })
}
