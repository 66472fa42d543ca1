/**
 * One pass over every document:
 *
 *   plan ─▶ survey ─▶ (fresh ones stay) ─▶ mint once ─▶ apply everywhere ─▶ attach to service accounts
 */
import { needsNamespaceList } from '../document/choose-namespaces.ts'
import type { Document } from '../document/document.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { listNamespaces } from '../kubernetes/list-namespaces.ts'
import type { Outside } from '../outside/outside.ts'
import { applyPullSecrets } from './apply-pull-secrets.ts'
import { attachPullSecrets } from './attach-pull-secrets.ts'
import { listDemands } from './demand.ts'
import { mintCredentials } from './mint-credentials.ts'
import type { TokenSource } from './obtain-subject-token.ts'
import type { Outcome } from './outcome.ts'
import { type Job, planRefresh, selectsNothing } from './plan-refresh.ts'
import { splitByFreshness } from './split-by-freshness.ts'
import { survey } from './survey.ts'
import { unwritableOutcomes } from './unwritable-outcomes.ts'

export interface Pass {
  readonly source: TokenSource
  /** Documents whose every entry lives on for this long cost no exchange; undefined: all are exchanged. */
  readonly minRemainingMs: number | undefined
  readonly mode: 'write' | 'dry-run'
  /** Called after each Secret that was tried. */
  readonly onProgress: (done: number, all: number) => void
}

/** An outcome for each Secret, and for each document that selects no namespace. @throws SECRET_CLAIMED_TWICE, and what keeps every namespace from being read */
export async function refreshOnce(
  documents: readonly Document[],
  pass: Pass,
  cluster: Cluster,
  outside: Outside,
): Promise<Outcome[]> {
  const jobs = await plan(documents, cluster, outside)
  const surveyed = survey(jobs, cluster)
  const { minRemainingMs, mode, source, onProgress } = pass
  const { due, fresh } =
    minRemainingMs === undefined
      ? { due: jobs, fresh: [] }
      : splitByFreshness(jobs, await surveyed, { minRemainingMs, now: outside.now() })
  const wanted = due.filter(({ namespaces }) => namespaces.length > 0)
  const demands = async () => await listDemands(wanted.map(({ document }) => document))
  const mint = async () => await mintCredentials(await demands(), { ...source, mode }, cluster, outside)
  // Nothing is learnt from the one that the other needs: they run side by side.
  const [surroundings, minted] = await Promise.all([surveyed, mint()])
  const apply = { minted, surroundings, refreshedAt: outside.now(), mode, onProgress }
  const written = [...(await applyPullSecrets(wanted, apply, cluster, outside)), ...fresh]
  const attached = await attachPullSecrets(jobs, written, { cluster, mode, outside })
  return [...attached, ...jobs.flatMap(unwritableOutcomes)]
}

async function plan(documents: readonly Document[], cluster: Cluster, { log }: Outside): Promise<Job[]> {
  const listed = documents.some(({ namespaces }) => needsNamespaceList(namespaces))
  const jobs = planRefresh(documents, listed ? await listNamespaces(cluster) : undefined)
  for (const job of jobs) {
    if (selectsNothing(job)) continue // that is an outcome of its own
    const { document, unmatched } = job
    for (const glob of unmatched) {
      log('warn', 'a glob matches no namespace', { document: document.name, source: document.source, glob })
    }
  }
  return jobs
}
