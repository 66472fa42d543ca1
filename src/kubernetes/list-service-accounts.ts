/** Service accounts of one name, with the pull secrets that their pods get. */

import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import type { Cluster } from './cluster.ts'
import { type Listed, listByName } from './list-by-name.ts'

export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  /** Names, in their order: new pods get them all. */
  readonly imagePullSecrets: readonly string[]
  readonly deleting: boolean
}

export async function listServiceAccounts(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Listed<ServiceAccount>> {
  const named = { resource: 'serviceaccounts', name, namespaces, accept: 'application/json' } as const
  return await listByName(cluster, named, serviceAccountOf)
}

function serviceAccountOf(account: JsonObject): ServiceAccount {
  const metadata = asObject(account['metadata']) ?? {}
  const names = asList(account['imagePullSecrets']).map((entry) => asText(asObject(entry)?.['name']))
  return {
    namespace: asText(metadata['namespace']) ?? '',
    name: asText(metadata['name']) ?? '',
    resourceVersion: asText(metadata['resourceVersion']) ?? '',
    imagePullSecrets: names.filter((name) => name !== undefined),
    deleting: metadata['deletionTimestamp'] !== undefined,
  }
}
