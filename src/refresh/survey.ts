/** What lies in the cluster where documents want to write: each Secret's metadata, and why some could not be read. */
import type { Document } from '../document/document.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { listPullSecrets } from '../kubernetes/list-pull-secrets.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import type { Job } from './plan-refresh.ts'

export interface Surroundings {
  readonly of: (document: Document) => FoundSecrets
}

export interface FoundSecrets {
  readonly found: ReadonlyMap<string, PullSecretMetadata>
  /** Why a namespace could not be looked into. */
  readonly faults: ReadonlyMap<string, PullpassError>
}

/** One list for each Secret name, however many documents and namespaces. */
export async function survey(jobs: readonly Job[], cluster: Cluster): Promise<Surroundings> {
  const namespacesByName = new Map<string, string[]>()
  for (const { document, namespaces } of jobs) {
    namespacesByName.set(document.secretName, [...(namespacesByName.get(document.secretName) ?? []), ...namespaces])
  }
  const lists = new Map(
    await Promise.all(
      [...namespacesByName].map(
        async ([name, namespaces]) =>
          [name, { found: await listPullSecrets(cluster, name, namespaces), faults: new Map() }] as const,
      ),
    ),
  )
  return { of: ({ secretName }) => lists.get(secretName) ?? { found: new Map(), faults: new Map() } }
}
