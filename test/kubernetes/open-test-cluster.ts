/** A cluster opened on a real socket of 127.0.0.1: requests are served by a handler, such as the sandbox's Kubernetes API. */
import type { TestContext } from 'node:test'
import { createKubernetesApi, type KubernetesApi } from '../../sandbox/kubernetes/kubernetes-api.ts'
import { sharedAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../sandbox/serve/serve-part.ts'
import type { Cluster, ClusterAccess } from '../../src/kubernetes/connection/cluster.ts'
import { type ClusterLimits, openCluster } from '../../src/kubernetes/connection/open-cluster.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { type FakeContext, fakeContext } from '../support/fake-context.ts'

export interface TestCluster {
  readonly cluster: Cluster
  readonly part: Part
  readonly access: ClusterAccess
  readonly context: FakeContext
}

export interface TestClusterSettings {
  readonly protocol?: 'http2' | 'https' | 'http'
  readonly limits?: Partial<ClusterLimits>
  readonly signal?: AbortSignal
  readonly access?: Partial<ClusterAccess>
}

const limits: ClusterLimits = { inFlight: 50, idleTimeoutMs: 5_000, graceMs: 5_000 }

export async function openTestCluster(
  t: TestContext,
  handler: SandboxHandler,
  settings: TestClusterSettings = {},
): Promise<TestCluster> {
  const { protocol = 'http2' } = settings
  const authority = await sharedAuthority()
  const http2 = protocol === 'http2' ? 'offered' : 'absent'
  const part = await servePart({ handler, ...(protocol !== 'http' && { tls: { authority, http2 } }) })
  t.after(part.close)
  const identity = { authorization: new Redacted('Bearer admin-token') }
  const access: ClusterAccess = {
    server: new URL(part.url),
    trust: async () => ({ ca: authority.ca, verify: 'always' }),
    identify: async () => identity,
    ...settings.access,
  }
  const context = fakeContext({ ...(settings.signal && { signal: settings.signal }) })
  const cluster = openCluster(access, context, { ...limits, ...settings.limits })
  t.after(() => cluster.close())
  return { cluster, part, access, context }
}

export interface SandboxCluster extends TestCluster {
  readonly api: KubernetesApi
  /** Adds namespaces. */
  readonly addNamespaces: (...names: string[]) => void
}

/** Requests have the permissions of an admin, unless the test restricts them. */
export async function openSandboxCluster(t: TestContext, settings: TestClusterSettings = {}): Promise<SandboxCluster> {
  const api = await createKubernetesApi({
    issuer: 'https://kubernetes.example',
    now: () => new Date('2026-11-24T12:00:00Z'),
    tokens: { 'admin-token': 'admin' },
  })
  return {
    ...(await openTestCluster(t, api.handle, settings)),
    api,
    addNamespaces: (...names) => {
      for (const name of names) api.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    },
  }
}
