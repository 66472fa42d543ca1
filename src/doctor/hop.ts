/**
 * The contract of a hop: what it needs gathered, and its evaluation, a pure function of the gathered facts and of the
 * findings of other hops. `hops.ts` lists the hops in their order; `diagnose.ts` gathers, then evaluates.
 *
 *   sources: gathered once each, after the sources that they need ──▶ hops: evaluated, after the hops whose findings they read
 */
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import type { HopFinding } from './finding.ts'
import type { DoctorRequest } from './request.ts'

/** What gathering has to work with. */
export interface Run {
  readonly request: DoctorRequest
  readonly exchangeRequests: readonly ExchangeRequest[]
  /** Or why it cannot be connected to. */
  readonly connection: Cluster | PullpassError
  readonly context: VendorContext
  /** The same, with a transport that records the clocks of other hosts. */
  readonly observed: VendorContext
  readonly clocks: () => readonly ClockSeen[]
}

export interface ClockSeen {
  /** A host. */
  readonly of: string
  /** How far its clock is ahead of the clock of this machine; negative: behind. */
  readonly aheadMs: number
}

/** By the name that a source or hop has in `needs`; `FactsOf` has their types. Methods take either: parameters of methods are bivariant. */
export type Facts = Readonly<Record<string, unknown>>

/** Facts that one or several hops are evaluated by. */
export interface Source<T> {
  /** By name, those that are gathered before it. */
  readonly needs: Needs
  /** Absent: it sends no request, so that it is gathered even when the time of the run is over. */
  readonly step?: Step
  /** The facts where the time of the run is over before they are gathered. */
  readonly otherwise: T
  gather(facts: Facts, run: Run): Promise<T>
}

export interface Step {
  /** Hops that report the timeout where it is over during this step, in their order. */
  readonly hops: readonly string[]
  /** What does not respond: `the registry`. `cluster`: the API server, by its URL. */
  readonly of: string
  /** The purpose: `the dry run of Secrets`. */
  readonly for?: string
  /** What to check, given the facts that the source needs. */
  advice?(facts: Facts): string | undefined
}

export type Needs = Readonly<Record<string, Source<unknown>>>

export type FactsOf<N extends Needs> = { readonly [K in keyof N]: N[K] extends Source<infer T> ? T : never }

export interface Hop {
  readonly name: string
  readonly needs: Needs
  /** Hops whose findings it reads; `earlier`: all before it in the list. */
  readonly after: readonly string[] | 'earlier'
  /** Whether it is checked for this request, given the time. Absent: always. */
  readonly applies?: (request: DoctorRequest) => boolean
  evaluate(facts: Facts, view: View): readonly HopFinding[]
}

/** The inputs of an evaluation in addition to the facts. */
export interface View {
  readonly request: DoctorRequest
  readonly exchangeRequests: readonly ExchangeRequest[]
  readonly now: Date
  readonly found: Found
}

/** Findings of the hops that a hop names in `after`. */
export interface Found {
  /** @throws RangeError for a hop that is not named there */
  readonly of: (...hops: readonly string[]) => readonly HopFinding[]
  /** The failure at the first of these hops, in the order of the list; without a name, of all. @throws RangeError */
  readonly failure: (...hops: readonly string[]) => HopFinding | undefined
}

/** Types the facts of `gather` by `needs`. */
export const defineSource = <const N extends Needs, T>(source: {
  readonly needs: N
  readonly step?: Step
  readonly otherwise: T
  gather(facts: FactsOf<N>, run: Run): Promise<T>
}): Source<T> => source

/** Types the facts of `evaluate` by `needs`. */
export const defineHop = <const N extends Needs>(hop: {
  readonly name: string
  readonly needs: N
  readonly after: readonly string[] | 'earlier'
  readonly applies?: (request: DoctorRequest) => boolean
  evaluate(facts: FactsOf<N>, view: View): readonly HopFinding[]
}): Hop => hop
