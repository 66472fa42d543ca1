/** The pull secrets of one name, by their metadata alone: what is in them is not asked for. */
import type { Cluster } from './cluster.ts'
import { listByName } from './list-by-name.ts'
import { metadataOnly } from './list-pages.ts'
import { type PullSecretMetadata, pullSecretMetadata } from './pull-secret-metadata.ts'

/** By namespace; with `all`, or many namespaces, also of namespaces that were not named. */
export async function listPullSecrets(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Map<string, PullSecretMetadata>> {
  const named = { resource: 'secrets', name, namespaces, accept: metadataOnly } as const
  const found = await listByName(cluster, named, pullSecretMetadata)
  return new Map(found.map((secret) => [secret.namespace, secret]))
}
