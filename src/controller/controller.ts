/**
 * Keeps the pull secrets of documents fresh, until the run ends:
 *
 *   files ──────▶ documents ─┐
 *   resources ──▶            │
 *   namespaces ──▶ view ─────┼─▶ queue ─▶ reconcile ─▶ apply
 *   Secrets ─────▶           │     ▲          │      and attach
 *   accounts ────▶           │     │ obtained │ absent or due
 *                            │     └── credentials ─▶ exchange
 *
 * Of several replicas one leads. A standby has the documents and the view, but no queue and no credentials: they exist for one
 * term, so that a replica that leads again begins as after a restart.
 */
import { earliest } from '../credential/registry-credential.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { MintSource } from '../refresh/mint-credentials.ts'
import type { LeaderElection, Term } from '../server/leader-election.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { attachAccounts, attachSubject, newAttachState } from './attach-accounts.ts'
import { watchClock } from './clock.ts'
import { compareRegularly } from './compare-view.ts'
import { type CustomResource, watchBothKinds } from './custom-resources.ts'
import { logDocuments, logSelections } from './documents/log-documents.ts'
import { type DocumentChange, isOfOperators, UsedDocuments } from './documents/used-documents.ts'
import { WatchLimit } from './documents/watch-limit.ts'
import { type ControlledDocument, type DocumentSet, followDocuments } from './documents.ts'
import type { IssuerTrust } from './issuer/issuer-watches.ts'
import { controllerState, type Known, pageFactsOf } from './known.ts'
import type { PageFacts } from './page/page-facts.ts'
import { newSecretState, reconcileSecret, type SecretState } from './reconcile.ts'
import { isSelected, itemsIn, takeoverOf, watchesOf } from './selection.ts'
import { ControllerStatus } from './status.ts'
import type { TenantLimits } from './tenants/limits.ts'
import { reportUnused } from './tenants/unused.ts'
import { type ClusterView, type WatchedNames, watchCluster } from './watch-cluster.ts'
import { createWork, type Work } from './work.ts'
import { keyOf, type WorkItem } from './work-queue.ts'

export interface ControllerConfig {
  readonly files: readonly string[]
  /** As they were loaded from the files. */
  readonly documents: DocumentSet
  /** Whether ClusterPullSecrets of the cluster are documents, too. */
  readonly customResources: 'used' | 'ignored'
  /** What PullSecrets of the cluster may use; absent: they are not used. */
  readonly tenants?: TenantLimits | undefined
  readonly issuerTrust: IssuerTrust
  readonly source: MintSource
  readonly cluster: Cluster
  /** Absent: this is the only replica. */
  readonly election?: LeaderElection | undefined
}

export class Controller {
  readonly status: ControllerStatus
  readonly #config: ControllerConfig
  readonly #signal: AbortSignal
  readonly #context: VendorContext
  /** Ends what runs in the background, also after an error. */
  readonly #end = new AbortController()
  readonly #failed = Promise.withResolvers<never>()
  readonly #view: ClusterView
  readonly #watchLimit: WatchLimit
  /** Undefined on a standby. */
  #work: Work | undefined
  /** By document and namespace. */
  readonly #states = new Map<string, Map<string, SecretState>>()
  readonly #documents: UsedDocuments
  /** Undefined: the clock was not set back. */
  #setBackAt: Date | undefined
  /** Ends the work of this term, which then begins again. */
  #restart = new AbortController()

  constructor(config: ControllerConfig, context: VendorContext) {
    this.#config = config
    this.#signal = context.signal
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#end.signal]) }
    this.status = new ControllerStatus(() => controllerState(this.#known()), this.#context)
    this.#watchLimit = new WatchLimit(this.#context)
    this.#view = watchCluster(
      config.cluster,
      watchBothKinds(config, this.#context),
      {
        onNamespaces: (name) => this.#onNamespaces(name),
        onSecrets: (secretName, namespace) => this.#onSecrets(secretName, namespace),
        onRefused: (resource, name) => this.#onRefused(resource, name),
        onResources: (name) => this.#onResources(name),
        onServiceAccounts: (name, namespace) => this.#onServiceAccounts(name, namespace),
        onPods: () => {
          this.#work?.evictions.changed()
          this.#reportExamined()
        },
        onEnd: (error) => this.#failed.reject(error),
      },
      this.#context,
    )
    this.#documents = new UsedDocuments(this.#view)
  }

  /** Ends the watches, which run since the constructor. */
  close(): void {
    this.#end.abort()
  }

  /** Ends with the signal of the context. @throws an error that is not classified */
  async run(): Promise<void> {
    const { files, documents, election } = this.#config
    this.#useFiles(documents)
    this.#watchNamed()
    this.#signal.addEventListener('abort', () => this.status.stopping(this.#signal.reason), { once: true })
    const reloaded = {
      onChange: (changed: DocumentSet) => this.#useFiles(changed),
      onFault: (fault: PullpassError | undefined) => this.status.documentsFault(fault),
    }
    const reloads = followDocuments(files, documents, reloaded, this.#context)
    const clock = watchClock(() => this.#onSetBack(), this.#context)
    const comparisons = compareRegularly(
      () => this.#view.comparisons(),
      { onCompared: (missed) => this.status.compared(missed) },
      this.#config.cluster,
      this.#context,
    )
    const { signal } = this.#context
    const lead = election?.lead((term) => this.#lead(term), signal) ?? this.#lead({ signal, permit: () => undefined })
    try {
      await Promise.race([lead, reloads, clock, comparisons, this.#failed.promise])
    } catch (error) {
      if (!this.#signal.aborted) throw error
      await lead // writes in flight end within the grace of the connection
    } finally {
      this.#end.abort()
      await Promise.allSettled([lead]) // releases the Lease; its error was thrown already
    }
  }

  /** Ends after the signal of the term, when nothing runs. */
  async #lead({ signal, permit }: Term): Promise<void> {
    while (!signal.aborted) {
      this.#restart = new AbortController()
      await this.#serve({ signal: AbortSignal.any([signal, this.#restart.signal]), permit })
    }
  }

  /** As after a restart: no time that was kept in memory counts. */
  #onSetBack(): void {
    this.#setBackAt = this.#context.now()
    this.#restart.abort(new Error('the clock was set back'))
  }

  /** Ends after the signal, when nothing runs. */
  async #serve({ signal, permit }: Term): Promise<void> {
    const onEnd = (error: unknown) => this.#failed.reject(error)
    const source = {
      ...this.#config,
      view: this.#view,
      status: this.status,
      reconcile: (item: WorkItem) => this.#reconcile(item),
      onIdle: () => this.#reportExamined(),
      resources: () => [...this.#resources()].filter(({ deletion }) => deletion === 'none'),
      known: () => this.#known(),
      onEnd,
    }
    const work = createWork(source, permit, { ...this.#context, signal })
    this.#work = work
    work.issuers.watch(this.#documents.files)
    const unused = reportUnused(this.#config, { ...this.#context, signal })
    for (const running of [work.evictions.run(), work.statuses.run(), unused]) {
      running.catch((error: unknown) => (signal.aborted ? undefined : onEnd(error)))
    }
    if (this.#view.namespaces.synced) this.#onNamespaces(undefined)
    try {
      await work.queue.run()
    } finally {
      this.#work = undefined
      this.status.termEnded()
      for (const document of this.#states.keys()) this.#forgetDocument(document)
    }
  }

  #useFiles(files: DocumentSet): void {
    this.#work?.issuers.watch(files)
    this.#use(this.#documents.useFiles(files))
  }

  #onResources(document: string | undefined): void {
    if (document === undefined || !this.#documents.isUsed(document)) {
      this.#use(this.#documents.useResources(document))
      this.#queueDeletions(this.#documents.index.only(document), undefined)
    }
    this.#work?.statuses.changed(document)
  }

  #use(changes: readonly DocumentChange[]): void {
    const { queue, credentials, deletions, detachments, evictions } = this.#work ?? {}
    const { index } = this.#documents
    for (const { name, before, after } of changes) {
      if (before === undefined) continue
      queue?.removeDocument(name)
      deletions?.forgetDocument(name)
      const items = after === undefined ? this.#detachmentsOf(name, before) : []
      this.#forgetDocument(name) // the Secrets stay, also those of a document that was removed
      for (const item of items) queue?.add(item)
      for (const { mintedFrom } of before.requests) {
        if (index.sharing(mintedFrom).size > 0) continue
        credentials?.forget(mintedFrom)
        this.status.forgotten(mintedFrom)
      }
    }
    const ofOperators = changes.filter(isOfOperators)
    if (ofOperators.length > 0) {
      logDocuments(ofOperators, index.all.size, this.#context)
      this.#watchNamed()
      evictions?.changed()
    }
    const added = new Map(changes.flatMap(({ name, after }) => (after === undefined ? [] : [[name, after] as const])))
    for (const name of added.keys()) {
      deletions?.documentChanged(name)
      detachments?.forgetDocument(name)
    }
    if (this.#view.namespaces.synced) this.#select(added, undefined)
    this.#statusesChanged(added.keys())
  }

  /** The Secrets of all names that tenants may use: a change of a PullSecret starts and ends no watch. */
  #watchNamed(): void {
    const { files, index } = this.#documents
    const { secretNames = [] } = this.#config.tenants ?? {}
    const documents = index.ofOperators
    this.#view.watch(this.#watchLimit.choose({ documents, files, secretNames }, this.#view.resources.objects))
  }

  /** The name of a custom resource that may not be watched is watched no more, if others wait. */
  #onRefused(resource: keyof WatchedNames, name: string): void {
    const fault = this.#view.refusal(resource, name)
    const wasListed = this.#view[resource](name)?.synced === true
    if (fault !== undefined && !wasListed && this.#watchLimit.replace(resource, name, fault))
      this.#view.watch(this.#watchLimit.watched)
    this.#statusesChanged(this.#documents.index.watching(resource, name))
  }

  *#resources(): Generator<CustomResource> {
    yield* this.#view.resources.objects.values()
    yield* this.#view.tenants.objects.values()
  }

  /** Secrets where their documents do not select the namespace. `namespace`: undefined for all. */
  #queueDeletions(documents: DocumentSet, namespace: string | undefined): void {
    const { queue, deletions } = this.#work ?? {}
    for (const item of deletions?.itemsIn(documents, namespace) ?? []) queue?.add(item)
  }

  /** Of a document that is not used any more: only a custom resource whose deletion was observed has any. */
  #detachmentsOf(name: string, { document }: ControlledDocument): WorkItem[] {
    const deletion = this.#view.resources.objects.get(name)?.deletion ?? 'background'
    if (document.owner === undefined || deletion !== 'background') return []
    return this.#work?.detachments.documentDeleted(name, document, this.#view, this.#states.get(name)) ?? []
  }

  /** Queues the Secrets of these documents. `namespace`: undefined for all. */
  #select(documents: DocumentSet, namespace: string | undefined): void {
    const { objects } = this.#view.namespaces
    if (namespace === undefined) logSelections(documents, objects, this.#context)
    const queue = this.#work?.queue
    for (const item of queue ? itemsIn(documents, objects, namespace) : []) queue?.add(item)
    this.#queueDeletions(documents, namespace)
    this.#reportExamined()
  }

  #onNamespaces(name: string | undefined): void {
    const { objects } = this.#view.namespaces
    const concerned = this.#documents.index.in(name)
    this.#select(concerned, name)
    for (const document of name === undefined ? [undefined] : concerned.keys()) this.#work?.statuses.changed(document)
    for (const document of concerned.keys()) {
      for (const namespace of name === undefined ? [...(this.#states.get(document)?.keys() ?? [])] : [name]) {
        if (!objects.has(namespace)) this.#forget({ document, namespace })
      }
    }
  }

  #onSecrets(secretName: string, namespace: string | undefined): void {
    this.#work?.evictions.changed()
    const queue = this.#work?.queue
    if (queue === undefined) return
    const named = this.#documents.index.named(secretName, namespace)
    for (const item of itemsIn(named, this.#view.namespaces.objects, namespace)) queue.add(item)
    this.#queueDeletions(named, namespace)
    for (const [name, { document }] of named) {
      if (document.owner !== undefined) this.#work?.statuses.changed(name) // it counts what is to be deleted
    }
    this.#reportExamined()
  }

  #onServiceAccounts(name: string, namespace: string | undefined): void {
    if (namespace === undefined && this.#view.serviceAccounts(name)?.objects.size === 0)
      this.#context.log('warn', 'a service account does not exist', { serviceAccount: name })
    this.#work?.evictions.changed()
    const queue = this.#work?.queue
    if (queue === undefined) return
    const attaching = [...this.#documents.index.in(namespace)].filter(([, { document }]) =>
      document.attachToServiceAccounts.includes(name),
    )
    for (const item of itemsIn(new Map(attaching), this.#view.namespaces.objects, namespace)) queue.add(item)
    this.#reportExamined()
  }

  #statusesChanged(documents: Iterable<string>): void {
    for (const name of documents) this.#work?.statuses.changed(name)
  }

  #forgetDocument(document: string): void {
    for (const namespace of this.#states.get(document)?.keys() ?? []) this.#forget({ document, namespace })
    this.#states.delete(document)
  }

  #forget(item: WorkItem): void {
    this.#states.get(item.document)?.delete(item.namespace)
    this.status.forgotten(keyOf(item))
    this.status.forgotten(attachSubject(item))
  }

  async #reconcile(item: WorkItem): Promise<Date | undefined> {
    const { document, namespace } = item
    const work = this.#work
    if (work === undefined) return undefined
    const controlled = this.#documents.index.all.get(document)
    const there = this.#view.namespaces.objects.get(namespace)
    if (controlled === undefined || there === undefined || !isSelected(controlled.document, there)) {
      this.#forget(item)
      const again = await (controlled ? work.deletions.deleteIn(item, controlled) : work.detachments.detachIn(item))
      work.statuses.changed(document)
      return again
    }
    work.deletions.forget(item)
    const secrets = this.#view.secrets(controlled.document.secretName)
    if (secrets?.synced !== true) return undefined // its list queues all of them
    const ofDocument = this.#states.get(document) ?? new Map<string, SecretState>()
    const state = ofDocument.get(namespace) ?? newSecretState()
    this.#states.set(document, ofDocument.set(namespace, state))
    const found = secrets.objects.get(namespace)
    const takeover = takeoverOf(controlled.document, { found, there }, this.#documents.index)
    const { resourceVersion: viewed } = secrets
    const target = { ...item, controlled, found, viewed, takeover, state, setBackAt: this.#setBackAt }
    const again = await reconcileSecret(target, { ...work, status: this.status })
    work.statuses.changed(document)
    if (controlled.document.attachToServiceAccounts.length === 0) return again
    state.attach ??= newAttachState()
    const attach = { ...target, found: secrets.objects.get(namespace), view: this.#view, state: state.attach }
    const attachAgain = await attachAccounts(attach, { ...work, status: this.status })
    work.statuses.changed(document)
    return earliest([again, attachAgain])
  }

  /** Once in each term, when everything is listed and the queue is empty. */
  #reportExamined(): void {
    const work = this.#work
    if (work === undefined || work.examined || work.queue.depth > 0) return
    if ([...this.#view.problems(watchesOf(this.#documents.files)), ...this.#view.tenantProblems()].length > 0) return
    work.examined = true
    this.status.examined([...this.#states.values()].flatMap((secrets) => [...secrets.values()]))
  }

  /** For the status page. */
  pageFacts(): PageFacts {
    return pageFactsOf(this.#known(), this.status.reported)
  }

  #known(): Known {
    return {
      documents: this.#documents,
      states: this.#states,
      view: this.#view,
      watchLimit: this.#watchLimit,
      election: this.#config.election,
      work: this.#work,
      now: this.#context.now(),
    }
  }
}
