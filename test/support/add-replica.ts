/** Adds an API server to the cluster of a sandbox and to the EndpointSlice of Service `kubernetes`. */
import type { TestContext } from 'node:test'
import type { ApiServer } from '../../sandbox/kubernetes/api-server.ts'
import type { ReplicaOptions } from '../../sandbox/kubernetes/kubernetes-api.ts'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { type Part, servePart } from '../../sandbox/serve/serve-part.ts'
import { apiServerNames } from '../../sandbox/start/open-cluster.ts'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'

export interface Replica extends Part {
  readonly keys: ApiServer['keys']
}

/** `authority`: signs its certificate; by default that of the cluster. */
export async function addReplica(
  t: TestContext,
  sandbox: Sandbox,
  differing: ReplicaOptions,
  authority: CertificateAuthority = sandbox.authority,
): Promise<Replica> {
  const replica = await sandbox.cluster.createReplica(differing)
  const tls = { authority, http2: 'offered', serverNames: apiServerNames } as const
  const part = await servePart({ handler: replica.handle, now: sandbox.clock.now, tls })
  t.after(part.close)
  sandbox.cluster.registerServer(part.url)
  return { ...part, keys: replica.keys }
}
