/**
 * Keeps the pull secrets of documents fresh, until the run ends:
 *
 *   files ──────▶ documents ─┐
 *   namespaces ──▶ view ─────┼─▶ queue ─▶ reconcile ─▶ apply
 *   Secrets ─────▶           │     ▲          │
 *                            │     │ obtained │ absent or due
 *                            │     └── credentials ─▶ exchange
 *
 * Exactly one controller may run: there is no leader election yet. Two of them overwrite nothing that is newer, but each
 * exchanges tokens of its own.
 */
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type MintSource, mintCredentials } from '../refresh/mint-credentials.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { Credentials } from './credentials.ts'
import { type DocumentSet, followDocuments } from './documents.ts'
import { newSecretState, reconcileSecret, type SecretState } from './reconcile.ts'
import { itemsIn, itemsOfSecret, reportSelections, selected, stateOf } from './selection.ts'
import { type ControllerState, ControllerStatus } from './status.ts'
import { type ClusterView, watchCluster } from './watch-cluster.ts'
import { keyOf, type WorkItem, WorkQueue } from './work-queue.ts'

export interface ControllerConfig {
  readonly files: readonly string[]
  /** As they were loaded from the files. */
  readonly documents: DocumentSet
  readonly source: MintSource
  readonly cluster: Cluster
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
  readonly #queue: WorkQueue
  readonly #credentials: Credentials
  /** By document and namespace. */
  readonly #states = new Map<string, Map<string, SecretState>>()
  #documents: DocumentSet = new Map()

  constructor(config: ControllerConfig, context: VendorContext) {
    const { cluster, source } = config
    this.#config = config
    this.#signal = context.signal
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#end.signal]) }
    this.status = new ControllerStatus(() => this.#read(), this.#context)
    this.#queue = new WorkQueue((item) => this.#reconcile(item), this.#context)
    const onEnd = (error: unknown) => this.#failed.reject(error)
    this.#credentials = new Credentials(
      async (requests) => await mintCredentials(requests, source, cluster, this.#context),
      {
        queue: (item) => this.#queue.add(item),
        onExchange: (request, fault) => this.status.exchanged(request, fault),
        onEnd,
      },
      this.#context,
    )
    this.#view = watchCluster(
      cluster,
      {
        onNamespaces: (name) => this.#onNamespaces(name),
        onSecrets: (secretName, namespace) => this.#onSecrets(secretName, namespace),
        onEnd,
      },
      this.#context,
    )
  }

  /** Ends with the signal of the context. @throws an error that is not classified */
  async run(): Promise<void> {
    const { files, documents } = this.#config
    this.#use(documents)
    const reloaded = {
      onChange: (changed: DocumentSet) => this.#use(changed),
      onFault: (fault: PullpassError | undefined) => this.status.documentsFault(fault),
    }
    const reloads = followDocuments(files, documents, reloaded, this.#context)
    try {
      await Promise.race([this.#queue.run(), reloads, this.#failed.promise])
    } catch (error) {
      if (!this.#signal.aborted) throw error
      await this.#queue.run() // writes in flight end within the grace of the connection
    } finally {
      this.#end.abort()
    }
  }

  #use(changed: DocumentSet): void {
    for (const [name, { revision }] of this.#documents) {
      if (changed.get(name)?.revision === revision) continue
      this.#queue.removeDocument(name)
      for (const namespace of this.#states.get(name)?.keys() ?? []) this.#forget({ document: name, namespace })
      this.#states.delete(name) // the Secrets stay, also those of a document that was removed
    }
    this.#documents = changed
    const all = [...changed.values()]
    this.#view.watchSecrets(new Set(all.map(({ document }) => document.secretName)))
    this.#credentials.retain(new Set(all.flatMap(({ requests }) => requests.map(({ mintedFrom }) => mintedFrom))))
    if (this.#view.namespaces.synced) this.#onNamespaces(undefined)
  }

  #onNamespaces(name: string | undefined): void {
    const { objects } = this.#view.namespaces
    if (name === undefined) reportSelections(this.#documents, [...objects.values()], this.#context)
    for (const item of itemsIn(this.#documents, objects, name)) this.#queue.add(item)
    for (const [document, secrets] of this.#states) {
      for (const namespace of name === undefined ? [...secrets.keys()] : [name]) {
        if (!objects.has(namespace)) this.#forget({ document, namespace })
      }
    }
  }

  #onSecrets(secretName: string, namespace: string | undefined): void {
    const items = itemsOfSecret(this.#documents, this.#view.namespaces.objects, { secretName, namespace })
    for (const item of items) this.#queue.add(item)
  }

  #forget(item: WorkItem): void {
    this.#states.get(item.document)?.delete(item.namespace)
    this.status.succeeded(keyOf(item))
  }

  async #reconcile(item: WorkItem): Promise<Date | undefined> {
    const { document, namespace } = item
    const controlled = this.#documents.get(document)
    const there = this.#view.namespaces.objects.get(namespace)
    if (controlled === undefined || there === undefined || selected(controlled.document, [there]).length === 0) {
      this.#forget(item)
      return undefined
    }
    const secrets = this.#view.secrets(controlled.document.secretName)
    if (secrets?.synced !== true) return undefined // its list queues all of them
    const ofDocument = this.#states.get(document) ?? new Map<string, SecretState>()
    const state = ofDocument.get(namespace) ?? newSecretState()
    this.#states.set(document, ofDocument.set(namespace, state))
    const target = { ...item, controlled, found: secrets.objects.get(namespace), state }
    return await reconcileSecret(target, {
      cluster: this.#config.cluster,
      credentials: this.#credentials,
      status: this.status,
      context: this.#context,
    })
  }

  #read(): ControllerState {
    const { objects } = this.#view.namespaces
    const now = this.#context.now()
    return {
      documents: [...this.#documents].map(([name, { document }]) =>
        stateOf({ name, document, secrets: this.#states.get(name) }, objects, now),
      ),
      queueDepth: this.#queue.depth,
      oldestMs: this.#queue.oldestMs,
      watchRestarts: this.#view.restarts,
      viewProblems: this.#view.problems(),
    }
  }
}
