/** The clusters that are meant, with what each says of its issuer; connections stay open until they are closed. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { readClusterIssuer } from '../../issuer/cluster/read-cluster-issuer.ts'
import { readUnrevokedIssuer } from '../../issuer/replicas/read-unrevoked-issuer.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Outside } from '../../outside/outside.ts'
import type { TrustedCluster } from '../../trust/trusted-cluster.ts'
import type { FlagValues } from '../flag.ts'
import { usageFault } from '../usage-fault.ts'
import { checkDistinct } from './check-distinct.ts'
import { type ClusterIds, clusterIds } from './cluster-ids.ts'
import type { TrustFlags } from './trust-flags.ts'

export interface GatheredCluster extends TrustedCluster {
  /** Undefined where nobody needs it: a plan for an issuer that was named. */
  readonly connection: Cluster | undefined
}

export interface GatherWanted {
  /** For messages: `trust plan`. */
  readonly command: string
  /** Whether the cluster itself is needed beside its issuer. */
  readonly connected: 'always' | 'for its issuer'
  /** Where it is remembered what was revoked; empty: the keys are not to be uploaded. */
  readonly memories: readonly NamespacedName[]
}

type Flags = Pick<
  FlagValues<TrustFlags>,
  'context' | 'kubeconfig' | 'issuer' | 'pool-id' | 'provider-id' | 'share-pool'
>

/** @throws USAGE_INVALID and what a cluster throws */
export async function gatherClusters(flags: Flags, wanted: GatherWanted, outside: Outside): Promise<GatheredCluster[]> {
  const { command } = wanted
  const ids = clusterIds(command, flags)
  const contexts = flags.context.length === 0 ? [undefined] : flags.context
  if (flags.issuer !== undefined && contexts.length > 1) {
    throw usageFault(command, '--issuer stands beside several contexts', 'one cluster: each has an issuer of its own')
  }
  const opened: Cluster[] = []
  const gather = async (context: string | undefined): Promise<GatheredCluster> => {
    const { issuer, kubeconfig } = flags
    const own: ClusterIds = ids.get(context ?? '') ?? { poolId: undefined, providerId: undefined }
    if (issuer !== undefined && wanted.connected === 'for its issuer') {
      return { name: issuer, issuer, keys: undefined, ...own, connection: undefined }
    }
    const connection = await connect({ kubeconfig, context }, outside)
    opened.push(connection)
    if (issuer !== undefined) return { name: context ?? issuer, issuer, keys: undefined, ...own, connection }
    const said = await readIssuer(connection, wanted.memories, outside)
    return { ...said, name: context ?? said.issuer, ...own, connection }
  }
  try {
    const clusters = await Promise.all(contexts.map(gather))
    checkDistinct(clusters, command, outside.log)
    return clusters
  } catch (fault) {
    await Promise.all(opened.map((connection) => connection.close())) // nobody gets them to close
    throw fault
  }
}

/** To be uploaded: the keys of every API server, without those that any of the memories knows to be revoked. */
async function readIssuer(
  cluster: Cluster,
  memories: readonly NamespacedName[],
  { log }: Outside,
): Promise<Pick<TrustedCluster, 'issuer' | 'keys' | 'servers' | 'isRevoked'>> {
  return memories.length === 0 ? await readClusterIssuer(cluster) : await readUnrevokedIssuer(cluster, memories, log)
}

export async function closeClusters(clusters: readonly GatheredCluster[]): Promise<void> {
  await Promise.all(clusters.map(async ({ connection }) => await connection?.close()))
}
