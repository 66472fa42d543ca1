/**
 * A real control plane as a guide's cluster. A roll-out starts another API server with the flags of the guide's step,
 * which replaces the previous one: after a restart the controllers would be disconnected for a minute.
 */
import { renderKubeconfig } from '../parts/control-plane/users.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import type { GuideCluster } from './guide-cluster.ts'

/** @throws AbsentPart if a program does not exist and cannot be built. */
export async function openRealCluster(use: PartContext['use']): Promise<GuideCluster> {
  const plane = await use(startControlPlane({ controllers: 'all' }))
  let serving = await plane.startReplica()
  return {
    kind: 'real',
    kubeconfig: () => renderKubeconfig(serving, plane.adminToken),
    apiServer: () => serving,
    issuer: () => serving.issuer,
    async changeIssuer(issuer, acceptedIssuers) {
      const before = serving
      serving = await plane.startReplica({ issuer, acceptedIssuers })
      await before.stop()
    },
  }
}
