/** What became of one step of the way: what was seen there, what was expected, and what mends it. Never a secret. */

import type { Code } from '../errors/codes.ts'
import type { ExchangeHop, Unreached } from '../errors/pullpass-error.ts'

/** In the order of the way: of two that fail, the first is the one to mend first. */
export const doctorHops = [
  'document',
  'cluster',
  'clock',
  'subject-token',
  'publish',
  'discovery',
  'key',
  'signature',
  'exchange',
  'impersonation',
  'registry',
  'rights',
  'namespace',
  'schedule',
  'secret',
  'stored-credential',
  'write',
  'service-account',
  'pod',
  'pod-secrets',
  'events',
  'back-off',
] as const

export type DoctorHop = (typeof doctorHops)[number] | ExchangeHop

/** A further step of a vendor's exchange is where `impersonation` is. */
export const hopRank = (hop: DoctorHop): number =>
  doctorHops.findIndex((one) => one === hop || (one === 'impersonation' && hop.startsWith('exchange/')))

export interface Finding {
  readonly hop: DoctorHop
  /** Which one of them: `google of ClusterPullSecret/pull`, `Secret team-a/regcred`. */
  readonly about: string
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly code: Code
  /** Where it is about one of many namespaces: which, and what is alike in the others: `Secret regcred`. */
  readonly namespace?: string | undefined
  readonly alike?: string | undefined
  /** Name of the pull secret of a document that it is about. */
  readonly secret?: string | undefined
  /** Name of the one image that it is about. */
  readonly image?: string | undefined
  /** A sentence without its end. */
  readonly seen: string
  /** How the other side was not reached. */
  readonly unreached?: Unreached | undefined
  /** When what is well now ends. */
  readonly until?: Date | undefined
  /** What failed before, so that this was not looked at. */
  readonly because?: Pick<Finding, 'hop' | 'code'> | undefined
  readonly expected?: string | undefined
  /** What else is the matter there, a line each. */
  readonly also?: readonly string[]
  readonly remedy?: Remedy | undefined
}

/** At least one of them. */
export interface Remedy {
  /** To be pasted into a shell as it is. */
  readonly command?: string | undefined
  readonly words?: string | undefined
}

/** The failure at the earliest of these hops, whatever the order of the findings. */
export function failureOf(findings: readonly Finding[], ...hops: readonly DoctorHop[]): Finding | undefined {
  const failed = findings.filter(({ hop, result }) => result === 'failed' && hops.includes(hop))
  return failed.toSorted((one, other) => hopRank(one.hop) - hopRank(other.hop))[0]
}

/** The failure to fix first: others may follow from it. */
export const firstFailure = (findings: readonly Finding[]): Finding | undefined => failureOf(findings, ...doctorHops)
