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
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type MintSource, mintCredentials } from '../refresh/mint-credentials.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { createCredentials } from './credentials.ts'
import { type DocumentSet, followDocuments } from './documents.ts'
import { newSecretState, reconcileSecret, type SecretState } from './reconcile.ts'
import { itemsIn, itemsOfSecret, reportSelections, selected, stateOf } from './selection.ts'
import { type ControllerStatus, createStatus } from './status.ts'
import { watchCluster } from './watch-cluster.ts'
import { createWorkQueue, keyOf, type WorkItem } from './work-queue.ts'

export interface ControllerConfig {
  readonly files: readonly string[]
  /** As they were loaded from the files. */
  readonly documents: DocumentSet
  readonly source: MintSource
  readonly cluster: Cluster
}

export interface Controller {
  readonly status: ControllerStatus
  /** Ends with the signal of the context. @throws an error that is not classified */
  run(): Promise<void>
}

export function createController(config: ControllerConfig, context: VendorContext): Controller {
  const { cluster, source, files } = config
  let documents: DocumentSet = new Map()
  /** By document and namespace. */
  const states = new Map<string, Map<string, SecretState>>()
  const failed = Promise.withResolvers<never>()
  const onEnd = (error: unknown) => failed.reject(error)
  const queue = createWorkQueue(reconcile, context)
  const view = watchCluster(cluster, { onNamespaces, onSecrets, onEnd }, context)
  const status = createStatus(
    () => ({
      documents: [...documents].map(([name, { document }]) =>
        stateOf({ name, document, secrets: states.get(name) }, view.namespaces.objects, context.now()),
      ),
      queueDepth: queue.depth(),
      oldestMs: queue.oldestMs(),
      watchRestarts: view.restarts,
      viewProblems: view.problems(),
    }),
    context,
  )
  const credentials = createCredentials(
    async (requests) => await mintCredentials(requests, source, cluster, context),
    { queue: queue.add, onExchange: status.exchanged, onEnd },
    context,
  )

  function use(changed: DocumentSet): void {
    for (const [name, { revision }] of documents) {
      if (changed.get(name)?.revision === revision) continue
      queue.removeDocument(name)
      states.delete(name) // the Secrets stay, also those of a document that was removed
    }
    documents = changed
    const all = [...documents.values()]
    view.watchSecrets(new Set(all.map(({ document }) => document.secretName)))
    credentials.retain(new Set(all.flatMap(({ requests }) => requests.map(({ mintedFrom }) => mintedFrom))))
    if (view.namespaces.synced) onNamespaces(undefined)
  }

  function onNamespaces(name: string | undefined): void {
    const { objects } = view.namespaces
    if (name === undefined) reportSelections(documents, [...objects.values()], context)
    for (const item of itemsIn(documents, objects, name)) queue.add(item)
    for (const [document, secrets] of states) {
      for (const known of name === undefined ? secrets.keys() : [name]) {
        if (!objects.has(known)) forget({ document, namespace: known })
      }
    }
  }

  function forget(item: WorkItem): void {
    states.get(item.document)?.delete(item.namespace)
    status.succeeded(keyOf(item))
  }

  function onSecrets(secretName: string, namespace: string | undefined): void {
    for (const item of itemsOfSecret(documents, view.namespaces.objects, { secretName, namespace })) queue.add(item)
  }

  async function reconcile(item: WorkItem): Promise<Date | undefined> {
    const { document, namespace } = item
    const controlled = documents.get(document)
    const there = view.namespaces.objects.get(namespace)
    if (controlled === undefined || there === undefined || selected(controlled.document, [there]).length === 0) {
      forget(item)
      return undefined
    }
    const secrets = view.secrets(controlled.document.secretName)
    if (secrets?.synced !== true) return undefined // its list queues all of them
    const ofDocument = states.get(document) ?? new Map<string, SecretState>()
    const state = ofDocument.get(namespace) ?? newSecretState()
    states.set(document, ofDocument.set(namespace, state))
    const target = { ...item, controlled, found: secrets.objects.get(namespace), state }
    return await reconcileSecret(target, { cluster, credentials, status, context })
  }

  return {
    status,
    async run() {
      use(config.documents)
      const reloads = followDocuments(files, documents, { onChange: use, onFault: status.documentsFault }, context)
      try {
        await Promise.race([queue.run(), reloads, failed.promise])
      } catch (error) {
        if (!context.signal.aborted) throw error
        await queue.run() // writes in flight end within the grace of the connection
      }
    },
  }
}
