/** What refreshes, by the names of `pullpass manifests`: the CronJob, and the Deployment of the controller. */
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
    const [cronJob, controller] = await Promise.all([
      readCronJob(cluster.cluster, { namespace, name: ownName }),
      readDeployment(cluster.cluster, { namespace, name: controllerName }),
    ])
    return { cronJob, controller }
  },
})
