/**
 * One pass over every document:
 *
 *   plan ─▶ list existing Secrets ─▶ (fresh ones stay) ─▶ mint once ─▶ apply everywhere ─▶ attach to service accounts
 */
import { type Document, documentName } from '../document/document.ts'
import { environmentSource } from '../document/load-documents.ts'
import { needsNamespaceList } from '../document/namespaces.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { listNamespaces } from '../kubernetes/objects/namespaces.ts'
import { quote } from '../text/plain-text.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { applyPullSecrets } from './apply-pull-secrets.ts'
import { attachPullSecrets } from './attach-pull-secrets.ts'
import { listExchangeRequests } from './exchange-requests.ts'
import { listExistingSecrets } from './existing-secrets.ts'
import { splitByFreshness } from './freshness.ts'
import { type MintSource, mintCredentials } from './mint-credentials.ts'
import type { Outcome } from './outcome.ts'
import type { Takeover } from './ownership.ts'
import { type Job, planRefresh, selectsNothing } from './plan.ts'

export interface Pass {
  readonly source: MintSource
  /** A document whose entries are all valid for at least this long costs no exchange; undefined: each document is exchanged. */
  readonly minRemainingMs: number | undefined
  readonly mode: 'write' | 'dry-run'
  readonly takeover: Takeover
  /** What happens to Secrets of the documents that they do not select any more. */
  readonly unselected: 'kept' | 'deleted'
  /** Called after each Secret that was tried. */
  readonly onProgress: (done: number, all: number) => void
}

/** An outcome for each Secret, and for each document that selects no namespace. @throws SECRET_CLAIMED_TWICE, and errors of listing the namespaces */
export async function refreshOnce(
  documents: readonly Document[],
  pass: Pass,
  cluster: Cluster,
  context: VendorContext,
): Promise<Outcome[]> {
  const jobs = await plan(documents, cluster, context)
  const listed = listExistingSecrets(jobs, cluster)
  const { minRemainingMs, mode, takeover, source, unselected, onProgress } = pass
  const { due, fresh } =
    minRemainingMs === undefined
      ? { due: jobs, fresh: [] }
      : splitByFreshness(jobs, await listed, { minRemainingMs, now: context.now() })
  const writable = due.filter(({ namespaces }) => namespaces.length > 0)
  const exchangeRequests = async () =>
    await listExchangeRequests(
      writable.map(({ document }) => document),
      context.vendors,
    )
  const mint = async () => await mintCredentials(await exchangeRequests(), source, cluster, context)
  const [existing, minted] = await Promise.all([listed, mint()])
  const apply = { minted, existing, refreshedAt: context.now(), mode, takeover, onProgress }
  const written = [...(await applyPullSecrets(writable, apply, cluster, context)), ...fresh]
  const attached = await attachPullSecrets(jobs, written, { cluster, mode, context })
  const outcomes = [...attached, ...jobs.flatMap(unwritableOutcomes)]
  if (unselected === 'kept') return outcomes
  const { prunePullSecrets } = await import('./prune-pull-secrets.ts')
  const select = async () => await selectNow(documents, cluster)
  return [...outcomes, ...(await prunePullSecrets(documents, outcomes, { cluster, mode, select }))]
}

async function selectNow(documents: readonly Document[], cluster: Cluster): Promise<Job[]> {
  const listed = documents.some(({ namespaces }) => needsNamespaceList(namespaces))
  return planRefresh(documents, listed ? await listNamespaces(cluster) : undefined)
}

async function plan(documents: readonly Document[], cluster: Cluster, { log }: Context): Promise<Job[]> {
  const jobs = await selectNow(documents, cluster)
  for (const job of jobs) {
    if (selectsNothing(job)) continue // that is an outcome of its own
    const { document, unmatched } = job
    for (const { name, foreignHosts } of document.registries) {
      if (foreignHosts === undefined) continue
      const hosts = foreignHosts.join(', ')
      log('warn', 'hostPolicy Any: the credential is sent to hosts that are not of its vendor', {
        document: document.name,
        registry: name,
        hosts,
      })
    }
    for (const glob of unmatched) {
      log('warn', 'a glob matches no namespace', { document: document.name, source: document.source, glob })
    }
  }
  return jobs
}

// Outcomes of a document without a Secret: a namespace that cannot be written to, or no namespace at all.

/** A namespace that does not exist fails; one that is being deleted is skipped, since no pod starts there. */
function unwritableOutcomes(job: Job): Outcome[] {
  const { document, missing, terminating } = job
  const { secretName, source } = document
  const base = { document: documentName(document), secretName, registries: [] }
  if (selectsNothing(job)) return [{ ...base, ...emptyOutcome(job) }]
  return [
    ...missing.map((namespace): Outcome => {
      return { ...base, namespace, result: 'failed', fault: namespaceMissing(namespace, source) }
    }),
    ...terminating.map((namespace): Outcome => {
      return { ...base, namespace, result: 'skipped', note: 'the namespace is being deleted' }
    }),
  ]
}

function emptyOutcome({ document, unmatched }: Job): Pick<Outcome, 'result' | 'note' | 'fault'> {
  const { kind, name, source, namespaces } = document
  if (namespaces.emptyPolicy === 'Allow')
    return { result: 'skipped', note: 'no namespace is selected, which is allowed' }
  const globs = unmatched.length === 0 ? '' : `: no namespace matches ${unmatched.map(quote).join(', ')}`
  const field = source === environmentSource ? 'REGISTRY_SECRET_NAMESPACES' : 'spec.namespaces'
  const allow = source === environmentSource ? '--allow-empty' : `${field}.emptyPolicy: Allow, or --allow-empty`
  const fault = new PullpassError({
    code: 'NAMESPACES_EMPTY',
    hop: 'kubernetes',
    seen: `${kind} ${name} (${source}) selects no namespace${globs}`,
    expected: 'at least one namespace to write to',
    hint: `correct ${field}; if an empty selection is intended: ${allow}`,
  })
  return { result: 'failed', fault }
}

const namespaceMissing = (namespace: string, source: string) =>
  new PullpassError({
    code: 'NAMESPACE_NOT_FOUND',
    hop: 'kubernetes',
    seen: `namespace ${namespace} does not exist, and ${source} names it`,
    expected: 'a namespace that exists',
    hint: `create it, or take its name out of ${source === environmentSource ? 'REGISTRY_SECRET_NAMESPACES' : 'the document'}`,
    causeKey: source,
  })
