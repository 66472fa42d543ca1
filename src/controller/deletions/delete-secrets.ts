/**
 * Deletes the Secrets of documents with `deletionPolicy: Delete` in namespaces that they no longer select:
 *
 *   the namespace exists and is not selected, the Secret is the document's own
 *     ─▶ 30 s after a list or a change of the document, which can be a mistake; immediately after an event of the namespace
 *     ─▶ its turn: one Secret in a second
 *     ─▶ namespace and custom resource are read again and are the same ─▶ remove the entries of accounts that the document names
 *     ─▶ delete, with uid and resourceVersion
 *
 * Absence is no reason to delete: of a namespace, a document, or a valid version of it. A document that selects no namespace at all
 * deletes nothing, unless it may be empty.
 */
import type { Document } from '../../document/document.ts'
import { asFault } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { readNamespace } from '../../kubernetes/objects/namespaces.ts'
import { deletePullSecret, type PullSecretMetadata } from '../../kubernetes/objects/pull-secrets.ts'
import { isDisposable } from '../../refresh/ownership.ts'
import { isCurrent } from '../custom-resources.ts'
import type { ControlledDocument, DocumentSet } from '../documents.ts'
import type { ControllerEvents } from '../events.ts'
import { type Failures, failedAgain } from '../schedule.ts'
import { isSelected, onlyNamed, selected } from '../selection.ts'
import type { ControllerStatus } from '../status.ts'
import type { ClusterView } from '../watch-cluster.ts'
import { keyOf, type WorkItem } from '../work-queue.ts'
import { attachedIn, type Detacher, detachAll } from './detach-accounts.ts'

/** Milliseconds. */
const settleMs = 30_000
const intervalMs = 1_000

type DeletionView = Pick<ClusterView, 'namespaces' | 'resources' | 'secrets' | 'serviceAccounts'>

interface Deleter extends Detacher {
  readonly events: Pick<ControllerEvents, 'deleted' | 'writeFailed'>
  readonly status: Pick<ControllerStatus, 'failed' | 'forgotten' | 'wrote' | 'log'>
}

interface Attempt {
  readonly failures: Failures | undefined
  readonly notBeforeMs: number
  /** Undefined: it has none yet. */
  turnMs: number | undefined
}

/** Where the document does not select the namespace of a Secret that is its own. `namespace`: undefined for all. */
export function namespacesToDelete(
  document: Document,
  { namespaces, secrets }: DeletionView,
  named?: string,
): string[] {
  if (document.owner === undefined) return []
  const namespace = named ?? document.namespace
  const found = secrets(document.secretName)?.objects ?? new Map<string, PullSecretMetadata>()
  const among = onlyNamed(namespaces.objects, namespace)
  const chosen = new Set(selected(document, among)) // once: there can be ten thousand
  const names = namespace === undefined ? [...found.keys()] : [namespace]
  return names.filter((name) => {
    const secret = found.get(name)
    const isUsable = among.get(name)?.terminating === false
    return isUsable && !chosen.has(name) && secret !== undefined && isDisposable(secret, document)
  })
}

export class SecretDeletions {
  readonly #view: DeletionView
  readonly #deleter: Deleter
  readonly #context: Pick<Context, 'now' | 'random' | 'signal'>
  readonly #startedMs: number
  /** By document: when its current version was read first. */
  readonly #changedMs = new Map<string, number>()
  /** By document and namespace. */
  readonly #attempts = new Map<string, Map<string, Attempt>>()
  /** Documents that select no namespace: nothing is deleted until they do. */
  readonly #selectingNone = new Set<string>()
  /** Of all Secrets that have one. */
  #lastTurnMs = 0

  constructor(view: DeletionView, deleter: Deleter, context: Pick<Context, 'now' | 'random' | 'signal'>) {
    this.#view = view
    this.#deleter = deleter
    this.#context = context
    this.#startedMs = context.now().getTime()
  }

  documentChanged(document: string): void {
    this.forgetDocument(document)
    this.#changedMs.set(document, this.#context.now().getTime())
  }

  forgetDocument(document: string): void {
    for (const namespace of this.#attempts.get(document)?.keys() ?? []) this.forget({ document, namespace })
    this.#changedMs.delete(document)
    this.#selectingNone.delete(document)
  }

  /** It is selected, or nothing can be deleted there. */
  forget(item: WorkItem): void {
    const ofDocument = this.#attempts.get(item.document)
    if (ofDocument?.delete(item.namespace) !== true) return
    this.#deleter.status.forgotten(subjectOf(item))
    if (ofDocument.size === 0) this.#attempts.delete(item.document)
    if (this.#attempts.size === 0) this.#lastTurnMs = 0 // those that had a later turn do not delay others
  }

  /** The Secrets to evaluate after an event of a namespace or of a Secret in it; undefined: after a list. */
  itemsIn(documents: DocumentSet, namespace: string | undefined): WorkItem[] {
    const there = namespace === undefined ? undefined : this.#view.namespaces.objects.get(namespace)
    return [...documents].flatMap(([name, { document }]) => {
      const isReleased = this.#selectingNone.has(name) && (there === undefined || isSelected(document, there))
      if (isReleased) this.#selectingNone.delete(name)
      return namespacesToDelete(document, this.#view, isReleased ? undefined : namespace).map((one) => ({
        document: name,
        namespace: one,
      }))
    })
  }

  /** When to evaluate it again; undefined: when the cluster or its document changes. */
  async deleteIn(item: WorkItem, { document }: ControlledDocument): Promise<Date | undefined> {
    const { now, signal } = this.#context
    const { namespaces, resources, secrets } = this.#view
    const watched = secrets(document.secretName)
    const found = watched?.objects.get(item.namespace)
    if (found === undefined || namespacesToDelete(document, this.#view, item.namespace).length === 0) {
      this.forget(item)
      return undefined
    }
    // The list after a failure, and a valid version, queue it again.
    const isUnknown = [namespaces, resources, watched].some((collection) => collection?.fault !== undefined)
    if (isUnknown || resources.objects.get(item.document)?.fault !== undefined) return undefined
    const dueAt = this.#selectingNone.has(item.document) ? undefined : this.#turnOf(item)
    if (dueAt !== undefined && dueAt > now()) return dueAt
    if (dueAt === undefined || !selectsAny(document, this.#view)) {
      this.#selectingNone.add(item.document)
      this.forget(item)
      return undefined
    }
    const failures = this.#attempts.get(item.document)?.get(item.namespace)?.failures
    try {
      if (await this.#isStillSo(item, document)) await this.#delete(item, document, found)
      else return this.#again(item, failures, now().getTime() + intervalMs)
      this.forget(item)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      const fault = asFault(error)
      if (fault.code === 'SECRET_CONFLICT') return this.#again(item, failures, now().getTime() + intervalMs) // the watch reports the change
      const { document: name, namespace } = item
      this.#deleter.status.failed(
        subjectOf(item),
        fault,
        { document: name, namespace },
        'a pull secret was not deleted',
      )
      this.#deleter.events.writeFailed({ ...item, secretName: document.secretName, uid: found.uid }, fault)
      const again = failedAgain(failures, fault, this.#context)
      return this.#again(item, again, again.retryAtMs)
    }
  }

  #turnOf(item: WorkItem): Date {
    const { namespaces, resources } = this.#view
    const nowMs = this.#context.now().getTime()
    const beganMs = [this.#startedMs, this.#changedMs.get(item.document) ?? 0]
    // A list of the future was before the clock was set back, and this term began afterwards.
    const listedMs = [namespaces, resources]
      .map(({ listedAt }) => listedAt?.getTime() ?? nowMs)
      .filter((ms) => ms <= nowMs)
    const ofDocument = this.#attempts.get(item.document) ?? new Map<string, Attempt>()
    const attempt = ofDocument.get(item.namespace) ?? { failures: undefined, notBeforeMs: 0, turnMs: undefined }
    this.#attempts.set(item.document, ofDocument.set(item.namespace, attempt))
    const notBeforeMs = Math.max(attempt.notBeforeMs, Math.max(...beganMs, ...listedMs) + settleMs)
    if (notBeforeMs > nowMs) {
      attempt.turnMs = undefined
      return new Date(notBeforeMs)
    }
    attempt.turnMs ??= this.#lastTurnMs = Math.max(nowMs, this.#lastTurnMs + intervalMs)
    return new Date(attempt.turnMs)
  }

  #again({ document, namespace }: WorkItem, failures: Failures | undefined, notBeforeMs: number): Date {
    const ofDocument = this.#attempts.get(document) ?? new Map<string, Attempt>()
    this.#attempts.set(document, ofDocument.set(namespace, { failures, notBeforeMs, turnMs: undefined }))
    return new Date(notBeforeMs)
  }

  /** By the API server, not by what was watched: a watch can be behind. */
  async #isStillSo(item: WorkItem, document: Document): Promise<boolean> {
    const { cluster } = this.#deleter
    const resource = this.#view.resources.objects.get(item.document)
    if (resource?.controlled?.document !== document || resource.fault !== undefined) return false
    const [there, current] = await Promise.all([readNamespace(cluster, item.namespace), isCurrent(resource, cluster)])
    return current && there !== undefined && !there.terminating && !isSelected(document, there)
  }

  async #delete(item: WorkItem, controlled: Document, found: PullSecretMetadata): Promise<void> {
    const { cluster, events, status } = this.#deleter
    const { document, namespace } = item
    const { secretName } = controlled
    // First: without the Secret, nothing shows whose entry it is.
    const accounts = attachedIn(namespace, controlled, this.#view)
    await detachAll(item, { document: controlled, accounts }, this.#deleter)
    if ((await deletePullSecret(cluster, secretName, found, 'none')) === 'absent') return
    status.wrote(item, { result: 'deleted', kind: 'refresh' })
    events.deleted({ document, namespace, secretName, uid: found.uid })
  }
}

/** What a document without any namespace selects is probably a mistake. */
const selectsAny = (document: Document, { namespaces }: DeletionView): boolean =>
  document.namespaces.emptyPolicy === 'Allow' ||
  [...namespaces.objects.values()].some((one) => isSelected(document, one))

const subjectOf = (item: WorkItem): string => `${keyOf(item)} deletion`
