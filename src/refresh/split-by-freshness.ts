/** Which documents need an exchange at all: with `--min-remaining`, one whose every Secret is fresh costs nothing. */
import { documentName } from './document-name.ts'
import { entriesFor, judgeFreshness } from './judge-freshness.ts'
import type { Outcome } from './outcome.ts'
import { recordFor, replacedManager } from './own-record.ts'
import type { Job } from './plan-refresh.ts'
import type { Surroundings } from './survey.ts'

export interface Split {
  readonly due: readonly Job[]
  /** What is left as it is. */
  readonly fresh: readonly Outcome[]
}

/** A document with one due Secret is due whole, so that its Secrets stay equal. */
export function splitByFreshness(
  jobs: readonly Job[],
  surroundings: Surroundings,
  { minRemainingMs, now }: { readonly minRemainingMs: number; readonly now: Date },
): Split {
  const isFresh = ({ document, namespaces }: Job) => {
    const { found } = surroundings.of(document)
    const judge = judgeFreshness(document, { minRemainingMs, now })
    return namespaces.every((namespace) => judge(namespace, found.get(namespace)) === 'fresh')
  }
  const fresh = jobs.filter(isFresh)
  return {
    due: jobs.filter((job) => !fresh.includes(job)),
    fresh: fresh.flatMap((job) => job.namespaces.map((namespace) => unchanged(job, namespace, surroundings))),
  }
}

function unchanged({ document }: Job, namespace: string, surroundings: Surroundings): Outcome {
  const found = surroundings.of(document).found.get(namespace)
  const record = found && recordFor(document, found)
  const entryOf = entriesFor(document)
  const registries = document.registries.map((registry) => {
    const { name, hosts } = registry
    const expiresAt = record && entryOf(registry, record.registries)?.expiresAt
    return { name, hosts, state: 'fresh', ...(expiresAt && { expiresAt }) } as const
  })
  const { secretName } = document
  const replaced = found !== undefined && replacedManager(document, found) !== undefined
  const note = replaced ? { note: 'written from the environment variables; taken over when it is due' } : {}
  return { document: documentName(document), namespace, secretName, result: 'unchanged', registries, ...note }
}
