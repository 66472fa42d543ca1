/**
 * A real control plane as a guide's cluster. A roll-out is a further API server, with the flags that the guide's step sets,
 * which takes the place of the one before: to restart that would part the controllers from it for a minute.
 */
import { renderKubeconfig } from '../parts/control-plane/render-kubeconfig.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import type { GuideCluster } from './guide-cluster.ts'

/** @throws AbsentPart where a program does not exist and cannot be built. */
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
