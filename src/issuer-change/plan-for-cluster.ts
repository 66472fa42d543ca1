/** The steps that change the issuer of a cluster, or the reason why there are none. */
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { checkIssuerUrl } from '../oidc/issuer-url.ts'
import { type Detection, detectDistribution, readClusterTraits } from './cluster-traits.ts'
import { type DistributionName, distributions } from './distributions.ts'
import { anyIssuer, type IssuerChange, type IssuerPlan, planIssuerChange } from './plan.ts'

export interface ClusterPlan {
  readonly change: IssuerChange
  readonly detection: Detection
  /** Undefined if the distribution is not known. */
  readonly plan: IssuerPlan | undefined
}

interface ChangeRequest {
  /** The present issuer. */
  readonly from: string
  /** The managed service that publishes its documents. */
  readonly managedService: string | undefined
  /** Undefined: a change is planned only if no cloud can use the present issuer. */
  readonly to: string | undefined
  /** Undefined: detected. */
  readonly distribution: DistributionName | undefined
}

/** A text is the reason why there is no plan; undefined: none was requested, and none is necessary. @throws errors of the cluster */
export async function planForCluster(
  cluster: Cluster,
  { from, managedService: service, to, distribution }: ChangeRequest,
): Promise<ClusterPlan | string | undefined> {
  if (service !== undefined && to !== undefined)
    return `No steps to ${to}: ${service} publishes the present issuer, which cannot be changed.`
  if (service === undefined && (to !== undefined || checkIssuerUrl(from, 'it') !== undefined)) {
    const detection: Detection =
      distribution === undefined
        ? detectDistribution(await readClusterTraits(cluster))
        : { names: [distribution], by: '--distribution' }
    const change = { from, to: to ?? anyIssuer }
    return { change, detection, plan: planOf(detection, change) }
  }
  return distribution === undefined ? undefined : 'No steps: --distribution requires the new issuer, --to-issuer URL.'
}

function planOf({ names }: Detection, change: IssuerChange): IssuerPlan | undefined {
  const [name, ...others] = names
  const distribution = name === undefined || others.length > 0 ? undefined : distributions.get(name)
  return distribution === undefined ? undefined : planIssuerChange(distribution, change)
}
