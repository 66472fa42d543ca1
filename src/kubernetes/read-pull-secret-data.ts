/** Pull secrets of one name with what is in them, for the one case that needs it: to keep what a failed registry had. */

import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import { Redacted } from '../outside/redacted.ts'
import type { Cluster } from './cluster.ts'
import { type Listed, listByName } from './list-by-name.ts'
import { type PullSecretMetadata, pullSecretMetadata } from './pull-secret-metadata.ts'

export interface PullSecretContent extends PullSecretMetadata {
  /** `kubernetes.io/dockerconfigjson`, or whatever else somebody made it. */
  readonly type: string
  /** Whether somebody made it so that nobody can update it. */
  readonly immutable: boolean
  /** Names of all field managers of the Secret, whatever they own. */
  readonly managers: readonly string[]
  /** Absent where the Secret has no `.dockerconfigjson`. */
  readonly dockerConfigJson: Redacted | undefined
  /** Absent where it has no `.dockercfg`, the form of old. */
  readonly dockerCfg: Redacted | undefined
}

/** `list` by name is the right that it takes, not `get`. */
export async function readPullSecretData(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Listed<PullSecretContent>> {
  const named = { resource: 'secrets', name, namespaces, accept: 'application/json' } as const
  return await listByName(cluster, named, contentOf)
}

function contentOf(secret: JsonObject): PullSecretContent {
  const data = (name: string): Redacted | undefined => {
    const encoded = asText(asObject(secret['data'])?.[name])
    return encoded === undefined ? undefined : new Redacted(Buffer.from(encoded, 'base64').toString('utf8'))
  }
  return {
    ...pullSecretMetadata(secret),
    type: asText(secret['type']) ?? 'Opaque',
    immutable: secret['immutable'] === true,
    managers: managersOf(secret),
    dockerConfigJson: data('.dockerconfigjson'),
    dockerCfg: data('.dockercfg'),
  }
}

function managersOf(secret: JsonObject): string[] {
  const entries = asList(asObject(secret['metadata'])?.['managedFields'])
  const names = entries.map((entry) => asText(asObject(entry)?.['manager']))
  return [...new Set(names.filter((name) => name !== undefined))]
}
