/** Documents by namespace, by name of their Secrets, and by credential: an event evaluates those that it can concern, and no others. */
import { tenantOf } from '../../document/document.ts'
import type { ControlledDocument, DocumentSet } from '../documents.ts'
import { watchesOf } from '../selection.ts'
import type { WatchedNames } from '../watch-cluster.ts'

export class DocumentIndex {
  readonly #all = new Map<string, ControlledDocument>()
  readonly #ofOperators = new Map<string, ControlledDocument>()
  /** By namespace, which only PullSecrets have, and by `secretName`. */
  readonly #indexed = new Map<string | undefined, Map<string, Map<string, ControlledDocument>>>()
  /** By what their credentials are minted from. */
  readonly #sharing = new Map<string, Map<string, ControlledDocument>>()

  get all(): DocumentSet {
    return this.#all
  }

  /** All but those of tenants. */
  get ofOperators(): DocumentSet {
    return this.#ofOperators
  }

  /** `controlled`: undefined to remove it. */
  set(name: string, controlled: ControlledDocument | undefined): void {
    const before = this.#all.get(name)
    if (before !== undefined) this.#remove(name, before)
    if (controlled === undefined) return
    this.#all.set(name, controlled)
    const { document, requests } = controlled
    if (tenantOf(document) === undefined) this.#ofOperators.set(name, controlled)
    const bySecret = childOf(this.#indexed, document.namespace)
    childOf(bySecret, document.secretName).set(name, controlled)
    for (const { mintedFrom } of requests) childOf(this.#sharing, mintedFrom).set(name, controlled)
  }

  #remove(name: string, { document: { namespace, secretName }, requests }: ControlledDocument): void {
    this.#all.delete(name)
    this.#ofOperators.delete(name)
    const bySecret = this.#indexed.get(namespace)
    if (bySecret !== undefined) removeFrom(bySecret, secretName, name)
    if (bySecret?.size === 0) this.#indexed.delete(namespace)
    for (const { mintedFrom } of requests) removeFrom(this.#sharing, mintedFrom, name)
  }

  /** That of this name, if there is one; undefined: all. */
  only(name: string | undefined): DocumentSet {
    if (name === undefined) return this.#all
    const one = this.#all.get(name)
    return new Map(one === undefined ? [] : [[name, one]])
  }

  /** Those that can have a Secret in this namespace; undefined: all. */
  in(namespace: string | undefined): DocumentSet {
    if (namespace === undefined) return this.#all
    const groups = [undefined, namespace].flatMap((one) => [...(this.#indexed.get(one)?.values() ?? [])])
    return new Map(groups.flatMap((named) => [...named]))
  }

  /** Of these, those whose Secrets have this name. */
  named(secretName: string, namespace: string | undefined): DocumentSet {
    const among = namespace === undefined ? [...this.#indexed.keys()] : [undefined, namespace]
    return new Map(among.flatMap((one) => [...(this.#indexed.get(one)?.get(secretName) ?? [])]))
  }

  /** Those that need this watch. Of PullSecrets, which can be thousands, only Secrets are watched. */
  watching(resource: keyof WatchedNames, name: string): string[] {
    if (resource === 'secrets') return [...this.named(name, undefined).keys()]
    return [...this.#ofOperators].flatMap((one) => (watchesOf(new Map([one]))[resource].has(name) ? [one[0]] : []))
  }

  /** Those with this credential. */
  sharing(mintedFrom: string): DocumentSet {
    return this.#sharing.get(mintedFrom) ?? new Map()
  }
}

function childOf<K, Inner, Value>(parent: Map<K, Map<Inner, Value>>, key: K): Map<Inner, Value> {
  const child = parent.get(key) ?? new Map<Inner, Value>()
  parent.set(key, child)
  return child
}

function removeFrom<K>(parent: Map<K, Map<string, unknown>>, key: K, name: string): void {
  const child = parent.get(key)
  child?.delete(name)
  if (child?.size === 0) parent.delete(key)
}
