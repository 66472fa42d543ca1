/** The Secrets that exist where documents are to write theirs. */
import type { Document } from '../document/document.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { Listed } from '../kubernetes/objects/list.ts'
import { listPullSecrets, type PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import type { Job } from './plan.ts'

/** The existing Secrets that a document would write: the metadata of each, and why some could not be read. */
export type ExistingSecrets = (document: Document) => Listed<PullSecretMetadata>

/** One list for each Secret name, however many documents and namespaces. */
export async function listExistingSecrets(jobs: readonly Job[], cluster: Cluster): Promise<ExistingSecrets> {
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
  return ({ secretName }) => lists.get(secretName) ?? { found: new Map(), faults: new Map() }
}
