/** A real control plane as the target of the contract. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCustomKind } from '../parts/control-plane/create-custom-kind.ts'
import { deleteDefinitions, installDefinitions } from '../parts/control-plane/deploy-files.ts'
import { grantPermissions } from '../parts/control-plane/users.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { type ControlPlane, compactEtcd } from '../parts/start-control-plane.ts'
import { type ApiServerAddress, requestApi } from './kubernetes-client.ts'
import type { KubernetesTarget, Replica, ReplicaPlan, ServerKeys } from './kubernetes-cluster.ts'

/** `signing` is what the control plane was started with. */
export function realTargetOf(controlPlane: ControlPlane, { signing }: ServerKeys): KubernetesTarget {
  const unusedUsers = [...controlPlane.userTokens]
  return {
    url: controlPlane.server,
    ca: controlPlane.authority,
    adminToken: controlPlane.adminToken,
    issuer: controlPlane.issuer,
    signingKey: signing,
    now: () => new Date(),
    async waitUntil(instant) {
      await sleep(instant.getTime() - Date.now())
    },
    compact: () => compactEtcd(controlPlane.etcdAddress),
    installDefinitions: () => installDefinitions(controlPlane),
    deleteDefinitions: () => deleteDefinitions(controlPlane),
    compactedCollection: () => createCustomKind(controlPlane),
    async createUser(rules) {
      const [name, token] = unusedUsers.pop() ?? []
      if (name === undefined || token === undefined)
        throw new Error('the contract needs more users than the control plane has')
      await grantPermissions(controlPlane, { name, token }, rules)
      return token
    },
    startReplica: (plan) => startReplica(controlPlane, plan),
  }
}

async function startReplica(controlPlane: ControlPlane, plan: ReplicaPlan): Promise<Replica> {
  const { readers, watchList, ...differing } = plan
  const replica = await controlPlane.startReplica({
    ...differing,
    featureGates: { WatchList: watchList !== 'off' },
    // With priority and fairness the other requests would be queued.
    flags: readers ? [`--max-requests-inflight=${readers}`, '--enable-priority-and-fairness=false'] : [],
  })
  const address = { url: replica.server, ca: replica.authority }
  return {
    ...address,
    restart: (keys) => replica.restart({ keys }),
    occupy: (token) => occupy(address, token),
    close: () => replica.stop(),
  }
}

/** A list with a future resourceVersion occupies the limit for the 3 s that the server waits for that version. */
async function occupy(server: ApiServerAddress, token: string): Promise<() => Promise<void>> {
  const list = (query: string) => requestApi(server, { path: `/api/v1/namespaces${query}`, token })
  const held = await waitUntil('a pending list request', 20_000, async () => {
    const holding = list('?resourceVersion=999999999')
    const isRefused = (await list('')).status === 429
    const isHeld = await Promise.race([holding.then(() => false), sleep(100, true)])
    return isRefused && isHeld ? { holding } : undefined
  })
  return async () => {
    await held.holding
  }
}
