/**
 * Which PullSecrets of a namespace are used: the first 100 that are read. Of the others, 100 at a time wait until their status states
 * that they are not used, and nothing else is kept: a tenant can write any number of them, and all tenants share the memory.
 */
import type { PullpassError } from '../../errors/pullpass-error.ts'
import { mostOfNamespace, tooManyInNamespace } from './limits.ts'

/** In one namespace. */
const mostWaiting = 100

interface Namespace {
  readonly used: Set<string>
  readonly waiting: Set<string>
  /** One for all of them. */
  readonly fault: PullpassError
}

export class Places {
  readonly #namespaces = new Map<string, Namespace>()
  /** Documents of a list that is not complete, which were not used before. */
  readonly #candidates = new Map<string, Set<string>>()

  /** Whether an object of a list is kept until the list is complete: only then is it known which places are free. */
  admits(namespace: string, document: string): boolean {
    if (this.#namespaces.get(namespace)?.used.has(document) === true) return true
    const candidates = this.#candidates.get(namespace) ?? new Set()
    this.#candidates.set(namespace, candidates)
    if (candidates.size >= mostOfNamespace + mostWaiting && !candidates.has(document)) return false
    candidates.add(document)
    return true
  }

  /** A list, or an event of the watch, was read. */
  admitted(): void {
    this.#candidates.clear()
  }

  /** Before the objects of a list. */
  listed(): void {
    for (const { waiting } of this.#namespaces.values()) waiting.clear()
  }

  /** Takes a place, if the document has none. Returns the fault: why it is not used. */
  use(namespace: string, document: string): PullpassError | undefined {
    const known = this.#namespaces.get(namespace)
    const one = known ?? { used: new Set(), waiting: new Set(), fault: tooManyInNamespace(namespace) }
    if (known === undefined) this.#namespaces.set(namespace, one)
    if (!one.used.has(document) && one.used.size >= mostOfNamespace) return one.fault
    one.used.add(document)
    one.waiting.delete(document)
    return undefined
  }

  /** For its status. */
  isWaiting(namespace: string, document: string): boolean {
    return this.#namespaces.get(namespace)?.waiting.has(document) === true
  }

  /** `false`: too many wait. */
  wait(namespace: string, document: string): boolean {
    const { waiting } = this.#namespaces.get(namespace) ?? {}
    if (waiting === undefined || (waiting.size >= mostWaiting && !waiting.has(document))) return false
    waiting.add(document)
    return true
  }

  /** Its status was written. */
  endWait(namespace: string, document: string): void {
    this.#namespaces.get(namespace)?.waiting.delete(document)
  }

  /** It was deleted. */
  release(namespace: string, document: string): void {
    const one = this.#namespaces.get(namespace)
    one?.used.delete(document)
    one?.waiting.delete(document)
    if (one?.used.size === 0 && one.waiting.size === 0) this.#namespaces.delete(namespace)
  }
}
