/**
 * Deletes the Secrets that documents wrote and do not select any more: in other namespaces, or under a former `secretName`. Only with
 * --prune, for documents that were refreshed without a failure. A Secret that another client has changed, that a custom resource owns,
 * or that another of the documents selects stays.
 */
import type { Document } from '../document/document.ts'
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { deleteObject } from '../kubernetes/objects/api-object.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import { listPages } from '../kubernetes/objects/list.ts'
import { allPullSecrets, type PullSecretMetadata, pullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { detachPullSecret, listServiceAccounts, type ServiceAccount } from '../kubernetes/objects/service-accounts.ts'
import { asObject, asText, type JsonObject } from '../text/json-fields.ts'
import { runConcurrently } from './apply-pull-secrets.ts'
import { isDone, type Outcome, type ServiceAccountOutcome } from './outcome.ts'
import { isUnchanged } from './ownership.ts'
import { documentName, type Job } from './plan.ts'

export interface Prune {
  readonly cluster: Cluster
  readonly mode: 'write' | 'dry-run'
}

/** `jobs`: planned just now. `outcomes`: of the refresh. An outcome for each Secret that is deleted, or could not be. */
export async function prunePullSecrets(
  jobs: readonly Job[],
  outcomes: readonly Outcome[],
  prune: Prune,
): Promise<Outcome[]> {
  const failed = new Set(outcomes.filter((one) => !isDone(one)).map(({ document }) => document))
  const documents = jobs.map(({ document }) => document).filter((one) => !failed.has(documentName(one)))
  try {
    const unselected = await findUnselected(documents, selectedIn(jobs), prune.cluster)
    const accounts = await accountsOf(unselected, prune.cluster)
    return await runConcurrently(unselected, async (one) => await deleteSecret(one, accounts, prune))
  } catch (error) {
    return documents.map((document) => failedOutcome(document, { name: document.secretName }, asFault(error)))
  }
}

interface Unselected {
  readonly document: Document
  readonly name: string
  readonly found: PullSecretMetadata
}

/** NAMESPACE/NAME of every Secret that one of the documents selects, also where the namespace is being deleted. */
const selectedIn = (jobs: readonly Job[]): ReadonlySet<string> =>
  new Set(
    jobs.flatMap(({ document: { secretName }, namespaces, terminating }) =>
      [...namespaces, ...terminating].map((namespace) => `${namespace}/${secretName}`),
    ),
  )

async function findUnselected(
  documents: readonly Document[],
  selected: ReadonlySet<string>,
  cluster: Cluster,
): Promise<Unselected[]> {
  if (documents.length === 0) return []
  const keep = (item: JsonObject) => {
    const [name, found] = [asText(asObject(item['metadata'])?.['name']) ?? '', pullSecretMetadata(item)]
    const isDocuments = ({ ownedBy, namespace }: PullSecretMetadata) =>
      ownedBy.length === 0 && !selected.has(`${namespace}/${name}`)
    const document = isDocuments(found) ? documents.find((one) => isUnchanged(found, one, name)) : undefined
    return document && { document, name, found }
  }
  const all = await listPages(cluster, allPullSecrets({}), keep)
  return all.filter((one) => one !== undefined)
}

type AccountsIn = (one: Unselected) => readonly ServiceAccount[]

/** The accounts that its document names, where they have the name of the Secret. */
async function accountsOf(unselected: readonly Unselected[], cluster: Cluster): Promise<AccountsIn> {
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
async function deleteSecret(one: Unselected, accountsIn: AccountsIn, { cluster, mode }: Prune): Promise<Outcome> {
  const { document, name, found } = one
  const { namespace, uid, resourceVersion } = found
  const dryRun = mode === 'dry-run' ? 'all' : 'none'
  const place = { name, namespace }
  try {
    const serviceAccounts: ServiceAccountOutcome[] = []
    for (const account of accountsIn(one)) {
      const result = await detachPullSecret(cluster, account, name, { manager: fieldManager(document), dryRun })
      serviceAccounts.push({ name: account.name, result: result === 'gone' ? 'absent' : result })
    }
    await deleteObject(cluster, { type: secretType, namespace, name, uid }, { dryRun, resourceVersion })
    const reason = name === document.secretName ? 'the document no longer selects the namespace' : 'a former secretName'
    const detached = serviceAccounts.filter(({ result }) => result === 'detached')
    const from = mode === 'dry-run' ? 'would be detached from' : 'detached from'
    const note = [reason, ...detached.map((account) => `${from} ${account.name}`)].join('; ')
    const outcome = { ...outcomeOf(document, place), result: 'deleted', note } as const
    return { ...outcome, ...(serviceAccounts.length > 0 && { serviceAccounts }) }
  } catch (error) {
    return failedOutcome(document, place, asFault(error))
  }
}

const secretType = { group: '', version: 'v1', kind: 'Secret', resource: 'secrets' }

const outcomeOf = (
  document: Document,
  { name, namespace }: { readonly name: string; readonly namespace?: string },
) => ({
  document: documentName(document),
  secretName: name,
  registries: [],
  ...(namespace !== undefined && { namespace }),
})

const failedOutcome = (document: Document, place: Parameters<typeof outcomeOf>[1], fault: PullpassError): Outcome => ({
  ...outcomeOf(document, place),
  result: 'failed',
  note: 'it is no longer selected, and was not deleted',
  fault,
})
