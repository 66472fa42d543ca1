/** The pull secrets of one name, by their metadata alone: what is in them is not asked for. */
import type { Cluster } from './cluster.ts'
import { type Listed, listByName } from './list-by-name.ts'
import { metadataOnly } from './list-pages.ts'
import { type PullSecretMetadata, pullSecretMetadata } from './pull-secret-metadata.ts'

export async function listPullSecrets(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Listed<PullSecretMetadata>> {
  const named = { resource: 'secrets', name, namespaces, accept: metadataOnly } as const
  return await listByName(cluster, named, pullSecretMetadata)
}
