/**
 * Deletes the Secrets that documents wrote and do not select any more: in other namespaces, or under a former `secretName`. Only with
 * --prune, for documents that were refreshed without a failure. A Secret that another client has changed, that a custom resource owns,
 * or that another of the documents selects stays; so does each one of a document whose namespaces are probably misspelled.
 *
 *   list Secrets ─▶ select namespaces ─▶ delete those of other namespaces
 *
 * In this order: a namespace that is created meanwhile, with its Secret, is selected.
 */
import { type Document, documentName } from '../document/document.ts'
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import { listPages } from '../kubernetes/objects/list.ts'
import {
  allPullSecrets,
  anyPullSecret,
  deletePullSecret,
  type PullSecretMetadata,
} from '../kubernetes/objects/pull-secrets.ts'
import { detachPullSecret, listServiceAccounts, type ServiceAccount } from '../kubernetes/objects/service-accounts.ts'
import type { JsonObject } from '../text/json-fields.ts'
import { quote } from '../text/plain-text.ts'
import { isDone, type Outcome, type ServiceAccountOutcome } from './outcome.ts'
import { isUnchanged } from './ownership.ts'
import { type Job, selectsNothing } from './plan.ts'
import { runConcurrently } from './run-concurrently.ts'

export interface Prune {
  readonly cluster: Cluster
  readonly mode: 'write' | 'dry-run'
  /** Of all documents, from the namespaces as they are now. */
  readonly select: () => Promise<readonly Job[]>
}

/** `outcomes`: of the refresh. An outcome for each Secret that is no longer selected. */
export async function prunePullSecrets(
  documents: readonly Document[],
  outcomes: readonly Outcome[],
  prune: Prune,
): Promise<Outcome[]> {
  const failed = new Set(outcomes.filter((one) => !isDone(one)).map(({ document }) => document))
  const refreshed = documents.filter((one) => !failed.has(documentName(one)))
  if (refreshed.length === 0) return []
  try {
    const written = await findWritten(refreshed, prune.cluster)
    const jobs = await prune.select()
    const selected = selectedIn(jobs)
    const unselected = written.filter(({ name, found: { namespace } }) => !selected.has(`${namespace}/${name}`))
    const reasons = new Map(jobs.map((job) => [documentName(job.document), whyKept(job)]))
    const reasonOf = ({ document }: Written) => reasons.get(documentName(document))
    const kept = unselected.map((one) => keptOutcome(one, reasonOf(one))).filter((one) => one !== undefined)
    const deleted = unselected.filter((one) => reasonOf(one) === undefined)
    const accounts = await accountsOf(deleted, prune.cluster)
    return [...kept, ...(await runConcurrently(deleted, async (one) => await deleteSecret(one, accounts, prune)))]
  } catch (error) {
    return refreshed.map((document) => failedOutcome(document, { name: document.secretName }, asFault(error)))
  }
}

/** Why nothing of the document is deleted: its namespaces are misspelled, or changed since it was refreshed. */
function whyKept(job: Job): string | undefined {
  const { missing, unmatched, document } = job
  if (missing.length > 0) return `namespace ${missing.join(' and ')} does not exist`
  if (document.namespaces.emptyPolicy === 'Allow') return undefined
  if (unmatched.length > 0)
    return `no namespace matches ${unmatched.map(quote).join(' and ')}: correct it, or use --allow-empty`
  return selectsNothing(job) ? 'the document selects no namespace now' : undefined
}

interface Written {
  readonly document: Document
  readonly name: string
  readonly found: Pick<PullSecretMetadata, 'namespace' | 'uid' | 'resourceVersion'>
}

/** NAMESPACE/NAME of every Secret that one of the documents selects, also where the namespace is being deleted. */
const selectedIn = (jobs: readonly Job[]): ReadonlySet<string> =>
  new Set(
    jobs.flatMap(({ document: { secretName }, namespaces, terminating }) =>
      [...namespaces, ...terminating].map((namespace) => `${namespace}/${secretName}`),
    ),
  )

/** The Secrets that these documents wrote, in any namespace. */
async function findWritten(documents: readonly Document[], cluster: Cluster): Promise<Written[]> {
  const keep = (item: JsonObject): Written | undefined => {
    const { name, ...found } = anyPullSecret(item)
    const document = found.ownedBy.length === 0 ? documents.find((one) => isUnchanged(found, one, name)) : undefined
    const { namespace, uid, resourceVersion } = found
    return document && { document, name, found: { namespace, uid, resourceVersion } }
  }
  const all = await listPages(cluster, allPullSecrets({}), keep)
  return all.filter((one) => one !== undefined)
}

type AccountsIn = (one: Written) => readonly ServiceAccount[]

/** The accounts that its document names, where they have the name of the Secret. */
async function accountsOf(unselected: readonly Written[], cluster: Cluster): Promise<AccountsIn> {
  const names = new Set(unselected.flatMap(({ document }) => document.attachToServiceAccounts))
  const namespaces = [...new Set(unselected.map(({ found }) => found.namespace))]
  const lists = new Map(
    await Promise.all(
      [...names].map(async (name) => [name, await listServiceAccounts(cluster, name, namespaces)] as const),
    ),
  )
  return ({ document, name, found: { namespace } }) =>
    document.attachToServiceAccounts.flatMap((account) => {
      const there = lists.get(account)?.found.get(namespace)
      return there?.imagePullSecrets.includes(name) ? [there] : []
    })
}

/** First its name from the service accounts, so that no pod is created with one that does not exist. */
async function deleteSecret(one: Written, accountsIn: AccountsIn, { cluster, mode }: Prune): Promise<Outcome> {
  const { document, name, found } = one
  const { namespace } = found
  const dryRun = mode === 'dry-run' ? 'all' : 'none'
  const target = { name, namespace }
  try {
    const serviceAccounts: ServiceAccountOutcome[] = []
    for (const account of accountsIn(one)) {
      const result = await detachPullSecret(cluster, account, name, { manager: fieldManager(document), dryRun })
      serviceAccounts.push({ name: account.name, result: result === 'gone' ? 'absent' : result })
    }
    await deletePullSecret(cluster, name, found, dryRun)
    const reason = name === document.secretName ? 'the document no longer selects the namespace' : 'a former secretName'
    const detached = serviceAccounts.filter(({ result }) => result === 'detached')
    const from = mode === 'dry-run' ? 'would be detached from' : 'detached from'
    const note = [reason, ...detached.map((account) => `${from} ${account.name}`)].join('; ')
    const outcome = { ...outcomeOf(document, target), result: 'deleted', note } as const
    return { ...outcome, ...(serviceAccounts.length > 0 && { serviceAccounts }) }
  } catch (error) {
    return failedOutcome(document, target, asFault(error))
  }
}

const outcomeOf = (
  document: Document,
  { name, namespace }: { readonly name: string; readonly namespace?: string },
) => ({
  document: documentName(document),
  secretName: name,
  registries: [],
  ...(namespace !== undefined && { namespace }),
})

const keptOutcome = (
  { document, name, found: { namespace } }: Written,
  reason: string | undefined,
): Outcome | undefined =>
  reason === undefined
    ? undefined
    : {
        ...outcomeOf(document, { name, namespace }),
        result: 'skipped',
        note: `it is no longer selected, and was not deleted: ${reason}`,
      }

const failedOutcome = (document: Document, target: Parameters<typeof outcomeOf>[1], fault: PullpassError): Outcome => ({
  ...outcomeOf(document, target),
  result: 'failed',
  note: 'it is no longer selected, and was not deleted',
  fault,
})
