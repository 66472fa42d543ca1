/** A further API server of a sandbox's cluster, which the EndpointSlice of Service `kubernetes` lists from then on. */
import type { TestContext } from 'node:test'
import type { ReplicaWanted } from '../../sandbox/kubernetes/kubernetes-api.ts'
import { type Part, servePart } from '../../sandbox/serve/serve-part.ts'
import { apiServerNames } from '../../sandbox/start/open-parts.ts'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'

export async function addReplica(t: TestContext, sandbox: Sandbox, differing: ReplicaWanted): Promise<Part> {
  const replica = await sandbox.cluster.createReplica(differing)
  const tls = { authority: sandbox.authority, http2: 'offered', serverNames: apiServerNames } as const
  const part = await servePart({ handler: replica.handle, now: sandbox.clock.now, tls })
  t.after(part.close)
  sandbox.cluster.announce(part.url)
  return part
}
