/** The store of the sandbox: objects by key, a resourceVersion that counts changes, and the changes for watches. */
import { EventEmitter } from 'node:events'
import { type KubernetesObject, type StoredObject, timestamp } from './kubernetes-object.ts'

export interface StoredChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resourceVersion: number
  readonly object: StoredObject
  /** The previous object; absent if it was added. */
  readonly before?: StoredObject
}

export interface StoreEvents {
  /** After each write. */
  change: [StoredChange]
  /** The definition of this kind was deleted, after its objects. */
  undefined: [kind: string]
}

export class ObjectStore {
  readonly #now: () => Date
  readonly #newUid: () => string
  readonly #objects = new Map<string, StoredObject>()
  readonly #emitter = new EventEmitter<StoreEvents>().setMaxListeners(0)
  #changes: StoredChange[] = []
  #resourceVersion = 1
  #compactedAt = 1

  constructor(now: () => Date, newUid: () => string) {
    this.#now = now
    this.#newUid = newUid
  }

  /** The version of the latest change. */
  get resourceVersion(): number {
    return this.#resourceVersion
  }

  /** For watches. */
  get emitter(): EventEmitter<StoreEvents> {
    return this.#emitter
  }

  /** The object, or undefined; a cluster-scoped kind has the namespace ''. */
  read(kind: string, namespace: string, name: string): StoredObject | undefined {
    return this.#objects.get(key(kind, namespace, name))
  }

  /** Objects of a kind in key order, as of the given version; '' lists every namespace. */
  list(kind: string, namespace = '', asOf: number = this.#resourceVersion): StoredObject[] {
    const objects = new Map(this.#objects)
    for (const change of this.#changesAfter(asOf).toReversed()) {
      if (change.before) objects.set(keyOf(change.object), change.before)
      else objects.delete(keyOf(change.object))
    }
    const prefix = key(kind, namespace, '')
    return [...objects]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([, object]) => object)
  }

  /** Writes the object without validation or ownership, and sets the fields of the server. */
  put(object: KubernetesObject): StoredObject {
    const before = this.#objects.get(keyOf(object))
    const stored = freeze({
      ...structuredClone(object),
      metadata: {
        ...structuredClone(object.metadata),
        uid: before?.metadata.uid ?? object.metadata.uid ?? this.#newUid(),
        creationTimestamp:
          before?.metadata.creationTimestamp ?? object.metadata.creationTimestamp ?? timestamp(this.#now()),
        resourceVersion: String(this.#resourceVersion + 1),
      },
    })
    this.#objects.set(keyOf(stored), stored)
    this.#record(before ? { type: 'MODIFIED', object: stored, before } : { type: 'ADDED', object: stored })
    return stored
  }

  /** Removes the object and returns it as in DELETED events, with the version of the deletion. */
  remove(object: KubernetesObject): StoredObject | undefined {
    const before = this.#objects.get(keyOf(object))
    if (!before) return undefined
    this.#objects.delete(keyOf(object))
    const removed = freeze({
      ...before,
      metadata: { ...before.metadata, resourceVersion: String(this.#resourceVersion + 1) },
    })
    this.#record({ type: 'DELETED', object: removed, before })
    return removed
  }

  /** Changes after the given version, or undefined if some of them have been compacted. */
  changesSince(resourceVersion: number): StoredChange[] | undefined {
    if (resourceVersion < this.#compactedAt) return undefined
    return this.#changesAfter(resourceVersion)
  }

  /** Compacts the history, as etcd does every five minutes: older versions and continue tokens then fail with 410. */
  compact(): void {
    this.#changes = []
    this.#compactedAt = this.#resourceVersion
  }

  /** Every change increments the version, so a version is also an index in the list. */
  #changesAfter(resourceVersion: number): StoredChange[] {
    return this.#changes.slice(Math.max(0, resourceVersion - this.#compactedAt))
  }

  #record(change: Omit<StoredChange, 'resourceVersion'>): void {
    this.#resourceVersion += 1
    const recorded = { ...change, resourceVersion: this.#resourceVersion }
    this.#changes.push(recorded)
    this.#emitter.emit('change', recorded)
  }
}

/** `/registry/secrets/NAMESPACE/NAME` in etcd; the order of keys is the order of lists. */
const key = (kind: string, namespace: string, name: string): string =>
  namespace === '' && name === '' ? `${kind}/` : `${kind}/${namespace}/${name}`

const keyOf = ({ kind, metadata }: KubernetesObject): string => key(kind, metadata.namespace ?? '', metadata.name)

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part)
  return Object.freeze(value)
}
