/**
 * Which of the names that custom resources state are watched. Each watch costs a stream, and memory here (35 KiB) and in the API server,
 * which writers of custom resources could exhaust: so there are at most 200 for names of Secrets, as many for names of accounts, and
 * for namespaces of pods. Documents in files, and the names that tenants may use, have no limit.
 *
 *   names of documents, in turn: those served before, then those created first ─▶ one of 200 ─▶ watched, as long as a document names it
 *     ▲                                                                                          │ refused by the API server
 *     └─────── waits at least ten minutes, as the last one ◀── replaced by the first name that waits
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { asObject } from '../../text/json-fields.ts'
import type { CustomResource } from '../custom-resources.ts'
import type { DocumentSet } from '../documents.ts'
import { watchesOf } from '../selection.ts'
import type { WatchedNames } from '../watch-cluster.ts'

const most = 200
/** A permission that is granted takes effect after this time. Milliseconds. */
const retryMs = 10 * 60_000
/** An API server that has just started refuses requests until it has read the roles. */
const passingRefusals = 3

type Kind = keyof WatchedNames

export class WatchLimit {
  readonly #context: Pick<Context, 'now' | 'log'>
  readonly #limited = { secrets: new LimitedNames(), serviceAccounts: new LimitedNames(), pods: new LimitedNames() }
  #unlimited: WatchedNames = watchesOf(new Map())

  constructor(context: Pick<Context, 'now' | 'log'>) {
    this.#context = context
  }

  /** `documents`: of operators; `files`: of them, those in files; `secretNames`: that tenants may use. */
  choose(
    { documents, files, secretNames }: Chosen,
    resources: ReadonlyMap<string, Pick<CustomResource, 'status' | 'createdAt'>>,
  ): WatchedNames {
    const needed = watchesOf(documents, secretNames)
    this.#unlimited = watchesOf(files, secretNames)
    let ordered: readonly WatchedNames[] | undefined
    for (const kind of kinds) {
      let names = [...needed[kind]].filter((name) => !this.#unlimited[kind].has(name))
      if (names.length > most) {
        // Only then: it costs ten times the rest.
        ordered ??= [...documents].toSorted(byPrecedence(resources)).map((one) => watchesOf(new Map([one])))
        const limited = new Set(names)
        names = inTurn(ordered.map((one) => one[kind])).filter((name) => limited.has(name))
      }
      const hadExcess = this.#limited[kind].waits
      const [first] = this.#limited[kind].choose(names)
      if (first !== undefined && !hadExcess) this.#warn(kind, first)
    }
    return this.watched
  }

  get watched(): WatchedNames {
    const of = (kind: Kind) => new Set([...this.#unlimited[kind], ...this.#limited[kind].current])
    return { secrets: of('secrets'), serviceAccounts: of('serviceAccounts'), pods: of('pods') }
  }

  /** The API server refuses the watch of a name that was never listed. Whether another name is watched in its place. */
  replace(kind: Kind, name: string, fault: PullpassError): boolean {
    return this.#limited[kind].replace(name, { fault, atMs: this.#context.now().getTime() })
  }

  /** Why it is not watched; undefined: it is, as far as this decides. */
  faultOf(kind: Kind, name: string): PullpassError | undefined {
    return this.#limited[kind].isWaiting(name)
      ? (this.#limited[kind].refusalOf(name) ?? tooMany(kind, name))
      : undefined
  }

  #warn(kind: Kind, name: string): void {
    const fix = 'use the same names in several objects'
    const resource = kind.toLowerCase()
    this.#context.log('warn', 'custom resources name more objects than are watched', {
      resource,
      watched: most,
      name,
      fix,
    })
  }
}

interface Chosen {
  readonly documents: DocumentSet
  readonly files: DocumentSet
  readonly secretNames: readonly string[]
}

const kinds = ['secrets', 'serviceAccounts', 'pods'] as const

interface Refusal {
  readonly fault: PullpassError
  readonly atMs: number
}

/** Of one kind of names. */
class LimitedNames {
  /** Those that are watched, with the number of refusals. */
  readonly #current = new Map<string, number>()
  /** In the order in which they are watched, when that is possible. */
  #waiting = new Set<string>()
  /** Of names that wait, in the order of their refusals. */
  readonly #refusals = new Map<string, Refusal>()

  get current(): Iterable<string> {
    return this.#current.keys()
  }

  get waits(): boolean {
    return this.#waiting.size > 0
  }

  isWaiting(name: string): boolean {
    return this.#waiting.has(name)
  }

  refusalOf(name: string): PullpassError | undefined {
    return this.#refusals.get(name)?.fault
  }

  /** Returns those that wait. */
  choose(names: readonly string[]): ReadonlySet<string> {
    const all = new Set(names)
    for (const name of this.#current.keys()) if (!all.has(name)) this.#current.delete(name)
    for (const name of this.#refusals.keys()) if (!all.has(name)) this.#refusals.delete(name)
    const others = names.filter((name) => !this.#current.has(name) && !this.#refusals.has(name))
    this.#waiting = new Set([...others, ...this.#refusals.keys()])
    for (const name of this.#waiting) {
      if (this.#current.size >= most) break
      this.#start(name)
    }
    return this.#waiting
  }

  replace(name: string, refusal: Refusal): boolean {
    const [next] = this.#waiting
    const refusals = this.#current.get(name)
    if (refusals === undefined) return false
    this.#current.set(name, refusals + 1)
    if (next === undefined || refusals + 1 < passingRefusals) return false
    if (refusal.atMs - (this.#refusals.get(next)?.atMs ?? Number.NEGATIVE_INFINITY) < retryMs) return false
    this.#current.delete(name)
    this.#waiting.add(name)
    this.#refusals.set(name, refusal)
    this.#start(next)
    return true
  }

  #start(name: string): void {
    this.#waiting.delete(name)
    this.#refusals.delete(name)
    this.#current.set(name, 0)
  }
}

type Named = readonly [name: string, ...unknown[]]

/** After a restart, names that another account states meanwhile, or that come first in the alphabet, replace none that were served. */
const byPrecedence =
  (resources: Parameters<WatchLimit['choose']>[1]) =>
  ([one]: Named, [other]: Named): number => {
    const [left, right] = [orderOf(resources.get(one)), orderOf(resources.get(other))]
    return left < right ? -1 : left > right ? 1 : 0
  }

const orderOf = (resource: Pick<CustomResource, 'status' | 'createdAt'> | undefined): string => {
  const fresh = asObject(resource?.status['namespaces'])?.['fresh']
  return `${typeof fresh === 'number' && fresh > 0 ? 0 : 1} ${resource?.createdAt ?? ''}`
}

/** The first name of each document, then the second of each: one with many names takes no more than others. */
function inTurn(lists: readonly ReadonlySet<string>[]): string[] {
  const arrays = lists.map((names) => [...names])
  const longest = arrays.reduce((length, names) => Math.max(length, names.length), 0)
  const turns = Array.from({ length: longest }, (_, turn) => arrays.flatMap((names) => names.slice(turn, turn + 1)))
  return [...new Set(turns.flat())]
}

const tooMany = (kind: Kind, name: string): PullpassError =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `ClusterPullSecrets have more than ${most} ${descriptions[kind]}, and ${name} is not one of those that are watched`,
    expected: `at most ${most} different ones`,
    hint: 'use the same names in several objects; many namespaces are selected with a glob or a label',
  })

const descriptions: Readonly<Record<Kind, string>> = {
  secrets: 'names of Secrets',
  serviceAccounts: 'names in attachToServiceAccounts',
  pods: 'namespaces by name with stuckPods: Evict',
}
