/**
 * What refreshes, by the names of `pullpass manifests`: the CronJob, and the Deployment of the controller; and controllers of other
 * namespaces, by their Leases.
 */

import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { listLeases } from '../../kubernetes/objects/lease.ts'
import {
  type CronJobFacts,
  type DeploymentFacts,
  readCronJob,
  readDeployment,
} from '../../kubernetes/objects/workloads.ts'
import { controllerName, ownName } from '../../manifests/manifest.ts'
import { defineSource, type Source } from '../hop.ts'
import { clusterSource } from './cluster.ts'

/** Each is undefined where it does not exist, may not be read, or its namespace is not known. */
export interface ScheduleFacts {
  readonly cronJob: CronJobFacts | undefined
  readonly controller: DeploymentFacts | undefined
  /** Leases of controllers in other namespaces. Absent: they may not be listed. */
  readonly others?: readonly ControllerLease[] | undefined
}

export interface ControllerLease {
  readonly namespace: string
  /** Empty: it was released. */
  readonly holder: string
  readonly renewedAt: Date | undefined
}

const nothing: ScheduleFacts = { cronJob: undefined, controller: undefined }

export const scheduleSource: Source<ScheduleFacts> = defineSource({
  needs: { cluster: clusterSource },
  step: { hops: ['schedule'], of: 'cluster' },
  otherwise: nothing,
  async gather({ cluster }, { request }) {
    const account = request.refresher ?? request.serviceAccount
    if (account === undefined || cluster?.cluster === undefined) return nothing
    const { namespace } = account
    const [cronJob, controller, leases] = await Promise.all([
      readCronJob(cluster.cluster, { namespace, name: ownName }),
      readDeployment(cluster.cluster, { namespace, name: controllerName }),
      listControllers(cluster.cluster),
    ])
    return { cronJob, controller, others: leases?.filter((one) => one.namespace !== namespace) }
  },
})

async function listControllers(cluster: Cluster): Promise<ControllerLease[] | undefined> {
  try {
    const leases = await listLeases(cluster, controllerName)
    return leases.map(({ namespace, holder, renewTime }) => {
      const renewed = new Date(renewTime)
      return { namespace, holder, renewedAt: Number.isNaN(renewed.getTime()) ? undefined : renewed }
    })
  } catch (error) {
    if (error instanceof PullpassError) return undefined
    throw error
  }
}
