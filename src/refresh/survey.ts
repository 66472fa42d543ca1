/** What lies in the cluster where documents want to write: each Secret's metadata, and why some could not be read. */
import type { Document } from '../document/document.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import type { Listed } from '../kubernetes/list-by-name.ts'
import { listPullSecrets } from '../kubernetes/list-pull-secrets.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import type { Job } from './plan-refresh.ts'

export interface Surroundings {
  readonly of: (document: Document) => Listed<PullSecretMetadata>
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
        async ([name, namespaces]) => [name, await listPullSecrets(cluster, name, namespaces)] as const,
      ),
    ),
  )
  return { of: ({ secretName }) => lists.get(secretName) ?? { found: new Map(), faults: new Map() } }
}
