/** The result of one check: what was seen, what is expected, and the fix. Never contains a secret. */
import type { Code } from '../errors/codes.ts'
import type { PullpassError, Unreached } from '../errors/pullpass-error.ts'

export interface HopFinding {
  /** The name of a hop of `hops.ts`. */
  readonly hop: string
  /** Which one of them: `registry of ClusterPullSecret/pull`, `Secret team-a/regcred`. */
  readonly about: string
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly code: Code
  /** For one of many namespaces: which, and what is alike in the others: `Secret regcred`. */
  readonly namespace?: string | undefined
  readonly alike?: string | undefined
  /** Equal in namespaces with the same cause; absent: `seen`, which then names no namespace. Never shown. */
  readonly causeKey?: string | undefined
  /** Name of the document's pull secret. */
  readonly secret?: string | undefined
  /** Name of the image. */
  readonly image?: string | undefined
  /** A sentence without its end. */
  readonly seen: string
  /** Where the other side was not reached: how. */
  readonly unreached?: Unreached | undefined
  /** When the present good state ends. */
  readonly until?: Date | undefined
  /** The failure because of which this was not checked. */
  readonly because?: Pick<HopFinding, 'hop' | 'code'> | undefined
  readonly expected?: string | undefined
  /** Further problems, one line each. */
  readonly also?: readonly string[]
  readonly remedy?: Remedy | undefined
}

/** A finding as an evaluation returns it for a hop and subject that its caller knows. */
export type Evaluated = Omit<HopFinding, 'hop' | 'about'>

export const failed = (code: Code, seen: string, expected: string, remedy: Remedy): Evaluated => ({
  result: 'failed',
  code,
  seen,
  expected,
  remedy,
})

/** At least one of them. */
export interface Remedy {
  /** To be pasted into a shell as it is. */
  readonly command?: string | undefined
  readonly words?: string | undefined
  /** The words lead to the command, as in an error: it may only show the cause. Absent: the command is the fix, the words a note. */
  readonly form?: 'sentence'
}

/** The finding for an error that also ends a run of another command. `remedy` takes precedence over that of the error. */
export function failedBy(hop: string, about: string, fault: PullpassError, remedy: Remedy = {}): HopFinding {
  const { code, seen, expected, also, hint, command, unreached, causeKey } = fault
  const more = {
    ...(also.length > 0 && { also }),
    ...(unreached && { unreached }),
    ...(causeKey !== undefined && { causeKey }),
  }
  const own = remedyOf({ hint, command: remedy.command ?? command })
  const { form: _, ...withoutForm } = own
  const base = remedy.command === undefined ? own : withoutForm
  return { hop, about, result: 'failed', code, seen, expected, ...more, remedy: { ...base, ...remedy } }
}

/** The remedy that an error, or a vendor's refusal, states. */
export const remedyOf = ({ hint, command }: { readonly [K in 'hint' | 'command']?: string | undefined }): Remedy => ({
  ...(command !== undefined && { command }),
  ...(hint !== undefined && { words: hint }),
  ...(hint !== undefined && command !== undefined && { form: 'sentence' }),
})

/** The finding for a check that depends on a failed one. Of a chain of dependencies, the first failure is named. */
export function dependencyFailed(hop: string, about: string, cause: HopFinding): HopFinding {
  const because = cause.because ?? { hop: cause.hop, code: cause.code }
  const seen =
    cause.code === 'DEPENDENCY_FAILED' ? cause.seen : `not checked, because of ${because.hop}: ${because.code}`
  return { hop, about, result: 'skipped', code: 'DEPENDENCY_FAILED', seen, because }
}

/** A remedy with further words. */
export const withNote = (remedy: Remedy, more: string): Remedy => ({
  ...remedy,
  words: remedy.words === undefined ? more : `${remedy.words}; ${more}`,
})
