/**
 * A real control plane as a guide's cluster. A roll-out starts another API server with the flags of the guide's step,
 * which replaces the previous one. If there is any, the controllers keep an API server of their own: after a restart of it they
 * would be disconnected for a minute.
 */
import { renderKubeconfig } from '../parts/control-plane/users.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import type { GuideCluster, GuideIssuers } from './guide-cluster.ts'

/** @throws AbsentPart if a program does not exist and cannot be built. */
export async function openRealCluster(
  use: PartContext['use'],
  { first, rollOuts }: GuideIssuers,
): Promise<GuideCluster> {
  const plane = await use(startControlPlane({ ...first, controllers: 'all' }))
  let serving = rollOuts === 0 ? plane : await plane.startReplica()
  return {
    kind: 'real',
    kubeconfig: () => renderKubeconfig(serving, plane.adminToken),
    apiServer: () => serving,
    issuer: () => serving.issuer,
    async changeIssuer(issuers) {
      const before = serving
      serving = await plane.startReplica(issuers)
      await before.stop()
    },
  }
}
