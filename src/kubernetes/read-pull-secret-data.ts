/** Pull secrets of one name with what is in them, for the one case that needs it: to keep what a failed registry had. */

import { asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import { Redacted } from '../outside/redacted.ts'
import type { Cluster } from './cluster.ts'
import { listByName } from './list-by-name.ts'
import { type PullSecretMetadata, pullSecretMetadata } from './pull-secret-metadata.ts'

export interface PullSecretContent extends PullSecretMetadata {
  /** `kubernetes.io/dockerconfigjson`, or whatever else somebody made it. */
  readonly type: string
  /** Absent where the Secret has no `.dockerconfigjson`. */
  readonly dockerConfigJson: Redacted | undefined
}

/** By namespace; `list` by name is the right that it takes, not `get`. */
export async function readPullSecretData(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Map<string, PullSecretContent>> {
  const named = { resource: 'secrets', name, namespaces, accept: 'application/json' } as const
  const found = await listByName(cluster, named, contentOf)
  return new Map(found.map((secret) => [secret.namespace, secret]))
}

function contentOf(secret: JsonObject): PullSecretContent {
  const data = asText(asObject(secret['data'])?.['.dockerconfigjson'])
  return {
    ...pullSecretMetadata(secret),
    type: asText(secret['type']) ?? 'Opaque',
    dockerConfigJson: data === undefined ? undefined : new Redacted(Buffer.from(data, 'base64').toString('utf8')),
  }
}
