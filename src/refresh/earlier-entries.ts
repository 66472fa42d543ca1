/** What pull secrets hold now, read only where an exchange failed and an earlier entry must stay. */
import type { DockerConfigEntry } from '../credential/docker-config-entry.ts'
import { parseDockerConfig } from '../credential/parse-docker-config.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import { readPullSecretData } from '../kubernetes/read-pull-secret-data.ts'
import { asFault } from '../outside/as-fault.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Job } from './plan-refresh.ts'

export interface EarlierEntries {
  /** Entries go back to their own namespace only. */
  readonly byNamespace: ReadonlyMap<string, ReadonlyMap<string, DockerConfigEntry>>
  readonly faults: ReadonlyMap<string, PullpassError>
}

/** Nothing is asked of namespaces that hold no such Secret; where the others cannot be read, they alone are not written. */
export async function readEarlierEntries(
  cluster: Cluster,
  { document, namespaces }: Job,
  found: ReadonlyMap<string, PullSecretMetadata>,
): Promise<EarlierEntries> {
  const holding = namespaces.filter((namespace) => found.has(namespace))
  if (holding.length === 0) return { byNamespace: new Map(), faults: new Map() }
  const secrets = await readPullSecretData(cluster, document.secretName, holding).catch(asFault)
  if (secrets instanceof PullpassError) {
    return { byNamespace: new Map(), faults: new Map(holding.map((namespace) => [namespace, secrets])) }
  }
  const byNamespace = new Map(
    [...secrets.found].flatMap(([namespace, { dockerConfigJson }]) =>
      dockerConfigJson === undefined ? [] : [[namespace, parseDockerConfig(dockerConfigJson).entries] as const],
    ),
  )
  return { byNamespace, faults: secrets.faults }
}
