/**
 * Removes the entries of imagePullSecrets of documents with `deletionPolicy: Delete`: where a namespace is no longer selected, and where
 * it was observed that the document was deleted. A document that is absent after a restart was not: its entries stay.
 */
import type { Document } from '../../document/document.ts'
import { asFault } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { fieldManager } from '../../kubernetes/objects/apply-pull-secret.ts'
import { detachPullSecret, type ServiceAccount } from '../../kubernetes/objects/service-accounts.ts'
import { isCreatedBy } from '../../refresh/ownership.ts'
import type { SecretState } from '../reconcile.ts'
import { type Failures, failedAgain } from '../schedule.ts'
import type { ControllerStatus } from '../status.ts'
import type { ClusterView } from '../watch-cluster.ts'
import { keyOf, type WorkItem } from '../work-queue.ts'

export interface Detacher {
  readonly cluster: Cluster
  readonly status: Pick<ControllerStatus, 'log'>
}

const detached = {
  level: 'info',
  one: 'a pull secret was detached from a service account',
  many: 'pull secrets were detached from service accounts',
} as const

/** Other entries stay. @throws PullpassError where an account could not be changed; the others are */
export async function detachAll(
  { document: name, namespace }: WorkItem,
  { document, accounts }: Pick<Detachment, 'document' | 'accounts'>,
  { cluster, status }: Detacher,
): Promise<void> {
  const options = { manager: fieldManager(document), dryRun: 'none' } as const
  const results = await Promise.allSettled(
    accounts.map(async (account) => {
      const result = await detachPullSecret(cluster, account, document.secretName, options)
      if (result === 'detached') status.log(detached, { document: name, namespace, serviceAccount: account.name })
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** The accounts that the document names, in one namespace, that have the entry. */
export const attachedIn = (
  namespace: string,
  { attachToServiceAccounts, secretName }: Document,
  view: Pick<ClusterView, 'serviceAccounts'>,
): ServiceAccount[] =>
  attachToServiceAccounts.flatMap((name) => {
    const account = view.serviceAccounts(name)?.objects.get(namespace)
    return account?.imagePullSecrets.includes(secretName) ? [account] : []
  })

interface Detachment {
  readonly document: Document
  readonly accounts: readonly ServiceAccount[]
  failures: Failures | undefined
}

/** Of documents whose deletion was observed. */
export class Detachments {
  readonly #detacher: Detacher & { readonly status: Pick<ControllerStatus, 'failed' | 'forgotten'> }
  readonly #context: Pick<Context, 'now' | 'random' | 'signal'>
  /** By document and namespace. */
  readonly #pending = new Map<string, Map<string, Detachment>>()

  constructor(
    detacher: Detacher & { readonly status: Pick<ControllerStatus, 'failed' | 'forgotten'> },
    context: Pick<Context, 'now' | 'random' | 'signal'>,
  ) {
    this.#detacher = detacher
    this.#context = context
  }

  /** What to do. `states`: of its Secrets, by namespace. */
  documentDeleted(
    name: string,
    document: Document,
    view: Pick<ClusterView, 'serviceAccounts' | 'secrets'>,
    states: ReadonlyMap<string, SecretState> | undefined,
  ): WorkItem[] {
    const collections = document.attachToServiceAccounts.map((account) => view.serviceAccounts(account)?.objects)
    const namespaces = new Set(collections.flatMap((objects) => [...(objects?.keys() ?? [])]))
    const secrets = view.secrets(document.secretName)?.objects
    const pending = new Map<string, Detachment>()
    for (const namespace of namespaces) {
      const secret = secrets?.get(namespace)
      // An entry for a Secret of another owner is theirs. The garbage collector may have deleted ours before.
      const isOwn = secret === undefined ? states?.get(namespace)?.established === true : isCreatedBy(secret, document)
      const accounts = isOwn ? attachedIn(namespace, document, view) : []
      if (accounts.length > 0) pending.set(namespace, { document, accounts, failures: undefined })
    }
    if (pending.size > 0) this.#pending.set(name, pending)
    return [...pending.keys()].map((namespace) => ({ document: name, namespace }))
  }

  /** There is a document of this name again: its entries are needed. */
  forgetDocument(name: string): void {
    for (const namespace of this.#pending.get(name)?.keys() ?? []) this.#forget({ document: name, namespace })
  }

  /** When to try it again; undefined: there is nothing to do. */
  async detachIn(item: WorkItem): Promise<Date | undefined> {
    const { signal } = this.#context
    const pending = this.#pending.get(item.document)?.get(item.namespace)
    if (pending === undefined) return undefined
    try {
      await detachAll(item, pending, this.#detacher)
      this.#forget(item)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      const fault = asFault(error)
      pending.failures = failedAgain(pending.failures, fault, this.#context)
      this.#detacher.status.failed(subjectOf(item), fault, { ...item }, 'a service account could not be changed')
      return new Date(pending.failures.retryAtMs)
    }
  }

  #forget(item: WorkItem): void {
    const ofDocument = this.#pending.get(item.document)
    ofDocument?.delete(item.namespace)
    if (ofDocument?.size === 0) this.#pending.delete(item.document)
    this.#detacher.status.forgotten(subjectOf(item))
  }
}

const subjectOf = (item: WorkItem): string => `${keyOf(item)} detachment`
