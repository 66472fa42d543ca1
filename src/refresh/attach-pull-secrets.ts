/** Adds each pull secret's name to the imagePullSecrets of the service accounts that its document names. */

import { type Document, documentName } from '../document/document.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import { foundIn, type Listed } from '../kubernetes/objects/list.ts'
import { attachPullSecret, listServiceAccounts, type ServiceAccount } from '../kubernetes/objects/service-accounts.ts'
import type { Outcome, ServiceAccountOutcome } from './outcome.ts'
import type { Job } from './plan.ts'
import { runConcurrently } from './run-concurrently.ts'

export interface Attach {
  readonly cluster: Cluster
  readonly mode: 'write' | 'dry-run'
  readonly context: Pick<Context, 'signal' | 'log'>
}

/** The same outcomes, with those of the service accounts where the Secret exists. */
export async function attachPullSecrets(
  jobs: readonly Job[],
  outcomes: readonly Outcome[],
  attach: Attach,
): Promise<Outcome[]> {
  const attaching = new Map(
    jobs
      .filter(({ document }) => document.attachToServiceAccounts.length > 0)
      .map((job) => [documentName(job.document), job]),
  )
  if (attaching.size === 0) return [...outcomes]
  const accounts = new Map<Job, AccountsByName>()
  for (const job of attaching.values()) accounts.set(job, await listAccounts(job, attach.cluster))
  const attached = await runConcurrently(outcomes, async (outcome): Promise<Outcome> => {
    const job = attaching.get(outcome.document)
    const byName = job && accounts.get(job)
    const { namespace, result } = outcome
    const hasSecret = result === 'created' || result === 'updated' || result === 'unchanged'
    if (job === undefined || byName === undefined || namespace === undefined || !hasSecret) return outcome
    const serviceAccounts = await attachIn(namespace, job.document, byName, attach)
    const fault = serviceAccounts.find((account) => account.fault !== undefined)?.fault
    const notes = serviceAccounts.map((account) => noteOf(account, attach.mode))
    const note = [outcome.note, ...notes].filter((text) => text !== undefined).join('; ')
    return { ...outcome, serviceAccounts, ...(note !== '' && { note }), ...(fault && { fault }) }
  })
  logAbsent(attached, attach.context)
  return attached
}

function noteOf({ name, result }: ServiceAccountOutcome, mode: Attach['mode']): string | undefined {
  if (result === 'attached') return mode === 'dry-run' ? `would be attached to ${name}` : `attached to ${name}`
  return result === 'absent' ? `service account ${name} does not exist` : undefined
}

/**
 * Once for each account of a document, for all namespaces in which it is absent. A glob often selects some of these: only a name
 * that exists in no namespace is probably misspelt, and a warning.
 */
function logAbsent(outcomes: readonly Outcome[], { log }: Attach['context']): void {
  const accounts = outcomes.flatMap(({ document, namespace = '', serviceAccounts = [] }) =>
    serviceAccounts.map(({ name, result }) => ({ document, namespace, name, result })),
  )
  for (const selected of Map.groupBy(accounts, ({ document, name }) => JSON.stringify([document, name])).values()) {
    const absent = selected.filter(({ result }) => result === 'absent')
    const [first] = absent
    if (first === undefined) continue
    const { document, name: serviceAccount, namespace } = first
    const namespaces = absent.length
    const level = namespaces === selected.length ? 'warn' : 'info'
    log(level, 'a service account does not exist', { document, serviceAccount, namespace, namespaces })
  }
}

export type AccountsByName = ReadonlyMap<string, Listed<ServiceAccount> | PullpassError>

/** One list for each name; if it fails, every namespace has the same error, and the Secrets remain written. */
async function listAccounts({ document, namespaces }: Job, cluster: Cluster): Promise<AccountsByName> {
  const lists = document.attachToServiceAccounts.map(async (name) => {
    const list = await listServiceAccounts(cluster, name, namespaces).catch(asFault)
    return [name, list] as const
  })
  return new Map(await Promise.all(lists))
}

/** The accounts of one namespace, as they were listed. Nothing is requested for those that name the Secret already. */
export async function attachIn(
  namespace: string,
  document: Document,
  byName: AccountsByName,
  attach: Attach,
): Promise<ServiceAccountOutcome[]> {
  const options = { manager: fieldManager(document), dryRun: attach.mode === 'dry-run' ? 'all' : 'none' } as const
  const tried = [...byName].map(async ([name, list]): Promise<ServiceAccountOutcome> => {
    if (list instanceof PullpassError) return { name, result: 'failed', fault: list }
    try {
      const account = foundIn(list, namespace)
      if (account === undefined) return { name, result: 'absent' }
      attach.context.signal.throwIfAborted()
      const result = await attachPullSecret(attach.cluster, account, document.secretName, options)
      return { name, result: result === 'gone' ? 'absent' : result }
    } catch (error) {
      return { name, result: 'failed', fault: asFault(error) }
    }
  })
  return await Promise.all(tried)
}
