/** The start of every trust operation: the clusters and the required cloud resources of documents, validated before any change. */
import type { Document } from '../document/document.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { DesiredTrust, TrustNeed, TrustSetup } from '../vendors/trust/contract.ts'
import { bindExchange, type VendorContext, type Vendors } from '../vendors/vendor.ts'
import { type ClustersRequest, closeClusters, type GatheredCluster, gatherClusters } from './clusters.ts'
import { desiredTrust } from './desired.ts'
import { listNeeds, type SkippedRegistry, trustSetup, type withTrustOnly } from './needs.ts'

export interface TrustRequest extends ClustersRequest {
  /** `system:serviceaccount:NAMESPACE:NAME` of a token file; undefined: documents name their accounts. */
  readonly subject: string | undefined
  /** The subject that publishes keys; undefined: by default. */
  readonly publisher: string | undefined
  /** For documents that name no repository. */
  readonly repository: string | undefined
}

export interface PreparedTrust {
  readonly clusters: readonly GatheredCluster[]
  /** To the clusters; empty if none is needed. */
  readonly connections: readonly Cluster[]
  readonly needs: readonly TrustNeed[]
  /** Registries of vendors without trust set-up. */
  readonly skipped: readonly SkippedRegistry[]
  readonly desired: readonly DesiredTrust[]
}

/** Of the vendors of the documents. @throws DOCUMENT_INVALID for a vendor without trust set-up */
export async function listTrustSetups(
  documents: readonly Document[],
  vendors: Vendors,
): Promise<TrustSetup<unknown>[]> {
  const names = new Set(documents.flatMap(({ registries }) => registries.map(({ vendor }) => vendor)))
  return await Promise.all([...names].map(async (name) => await trustSetup(name, vendors)))
}

/**
 * Closes the connections to the clusters when `operation` ends.
 * @throws USAGE_INVALID, DOCUMENT_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, and errors of the clusters
 */
export async function prepareTrust<Result>(
  { documents, skipped }: ReturnType<typeof withTrustOnly>,
  request: TrustRequest,
  context: VendorContext,
  operation: (prepared: PreparedTrust) => Promise<Result>,
): Promise<Result> {
  const { vendors } = context
  for (const registry of documents.flatMap(({ registries }) => registries)) {
    ;(await bindExchange(registry, vendors)).checkEnvironment(context.environment)
  }
  const clusters = await gatherClusters(request, context)
  try {
    const needs = await listNeeds(documents, clusters, request, vendors)
    const connections = clusters.flatMap(({ connection }) => connection ?? [])
    return await operation({ clusters, connections, needs, skipped, desired: await desiredTrust(needs, vendors) })
  } finally {
    await closeClusters(clusters)
  }
}
