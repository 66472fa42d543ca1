/**
 * The error of pullpass: it names its hop, what was seen and expected, and what to do. Each of these is one line, whatever
 * external text it contains.
 */

import { plainLine } from '../text/plain-text.ts'
import type { Code, ErrorCode } from './codes.ts'

/** One step that can fail on the way from a document to a fresh pull secret; `run`: the run itself, at none of them. */
export type Hop =
  | 'document'
  | 'subject-token'
  | 'discovery'
  | 'publish'
  | 'trust'
  | ExchangeHop
  | 'registry'
  | 'kubernetes'
  | 'run'

/** A step of a vendor's exchange: further ones than these have names of the vendor's own, such as `exchange/authorization`. */
export type ExchangeHop = 'exchange' | 'impersonation' | `exchange/${string}`

export interface Fault {
  readonly code: ErrorCode
  readonly hop: Hop
  /** What was observed, with whole values that can be pasted; a vendor's words come through `quote`. Never a secret. */
  readonly seen: string
  readonly expected?: string | undefined
  /** Further problems: `x is 2, expected 1`; each is a line that begins with `also`. */
  readonly also?: readonly string[]
  /** What to do about it: a field, a setting. */
  readonly hint?: string | undefined
  /** The command that fixes it, to be pasted as it is; in the message it follows the hint. */
  readonly command?: string | undefined
  /** Whether the same call may succeed later without a change. */
  readonly retryable?: boolean
  /** When the other side requested to be called again. */
  readonly retryAt?: Date | undefined
  /** Why the server was not reached; absent where it responded. */
  readonly unreached?: Unreached | undefined
  /** What an API server's refusal states, for decisions: nothing depends on the text of a message. */
  readonly refusal?: KubernetesRefusal | undefined
  /** Equal for errors of one code that differ only in the namespace that they name. Never shown. Absent: the message. */
  readonly causeKey?: string | undefined
  readonly details?: FaultDetails
  readonly cause?: unknown
}

/** What to do about an error: together a sentence, `HINT: COMMAND`. */
export type Fix = Pick<Fault, 'hint' | 'command'>

/** What an error states; alarms and problems state the same, and have further codes. */
export interface ErrorFacts
  extends Pick<Fault, 'hop' | 'seen' | 'expected' | 'also' | 'hint' | 'command' | 'retryable' | 'retryAt'> {
  readonly code: Code
}

/** Values that a decision or a command needs, so that nothing parses them out of a message. Never shown. */
export interface FaultDetails {
  /** The kind of the object that does not exist, where that is the fault. */
  readonly missing?: 'Namespace' | 'ServiceAccount'
  /** The issuer that a token is expected to have. */
  readonly issuer?: string
  /** The flag of an installation that permits what it refuses; `none`: no flag does. */
  readonly flag?: string
  /** What honours a field of the document that the command refuses. */
  readonly instead?: string
  /** Nothing was sent: a limit of the controller was reached. */
  readonly postponed?: 'by the controller'
  /** The fix, given the command that shows the refused token; undefined: no command shows it. */
  readonly fixOfToken?: (inspect: string | undefined) => Fix
}

/** `verb-required`: an admission policy requires a permission that the request's user does not have. */
export type KubernetesRefusal =
  | { readonly kind: 'immutable' }
  | { readonly kind: 'verb-required'; readonly verb: string; readonly resource: string }

export type Unreached = 'timed out' | 'name not resolved'

export class PullpassError extends Error {
  readonly code: ErrorCode
  readonly hop: Hop
  readonly seen: string
  readonly expected: string | undefined
  readonly also: readonly string[]
  readonly hint: string | undefined
  readonly command: string | undefined
  readonly retryable: boolean
  readonly retryAt: Date | undefined
  readonly unreached: Unreached | undefined
  readonly refusal: KubernetesRefusal | undefined
  readonly causeKey: string | undefined
  readonly details: FaultDetails

  constructor(fault: Fault) {
    super(composeMessage(fault), fault.cause === undefined ? undefined : { cause: fault.cause })
    this.name = 'PullpassError'
    this.code = fault.code
    this.hop = fault.hop
    this.seen = plainLine(fault.seen)
    this.expected = plainOrNone(fault.expected)
    this.also = (fault.also ?? []).map(plainLine)
    this.hint = plainOrNone(fault.hint)
    this.command = plainOrNone(fault.command)
    this.retryable = fault.retryable ?? false
    this.retryAt = fault.retryAt
    this.unreached = fault.unreached
    this.refusal = fault.refusal
    this.causeKey = fault.causeKey
    this.details = fault.details ?? {}
  }
}

const plainOrNone = (text: string | undefined) => (text === undefined ? undefined : plainLine(text))

/** What to do, as a whole: the hint, then the command. */
export const fixOf = ({ hint, command }: Fix): string | undefined =>
  hint === undefined || command === undefined ? (hint ?? command) : `${hint}: ${command}`

/** The same error with another fix, by code that knows more of the situation. */
export const withFix = (
  fault: PullpassError,
  { hint, command, expected = fault.expected }: Fix & Pick<Fault, 'expected'>,
): PullpassError => new PullpassError({ ...partsOf(fault), expected, hint, command })

/** The same error, whose fix begins with what the caller can do instead: `--offline reads no cluster; otherwise set …`. */
export const withAlternative = (fault: PullpassError, alternative: string): PullpassError =>
  withFix(fault, {
    hint: `${alternative}${fixOf(fault) === undefined ? '' : '; otherwise'}${fault.hint === undefined ? '' : ` ${fault.hint}`}`,
    command: fault.command,
  })

/** The same error, of which it is stated where it was seen: `context prod: the API server …`. */
export const seenAt = (fault: PullpassError, where: string): PullpassError =>
  new PullpassError({ ...partsOf(fault), seen: `${where}: ${fault.seen}` })

function partsOf(fault: PullpassError): Fault {
  const { code, hop, seen, expected, also, hint, command, retryable, retryAt } = fault
  const { unreached, refusal, causeKey, details, cause } = fault
  return {
    code,
    hop,
    seen,
    expected,
    also,
    hint,
    command,
    retryable,
    retryAt,
    unreached,
    refusal,
    causeKey,
    details,
    cause,
  }
}

/** An error, an alarm or a problem as text. */
export function composeMessage({ code, hop, seen, expected, also = [], hint, command }: ErrorFacts): string {
  const lines = [`${code} (${hop}): ${seen}`]
  if (expected !== undefined) lines.push(`  expected ${expected}`)
  lines.push(...also.map((line) => `  also ${line}`))
  const fix = fixOf({ hint, command })
  if (fix !== undefined) lines.push(`  fix: ${fix}`)
  return lines.map(plainLine).join('\n')
}

/** The message for callers that show or log a single line: a kubelet, a client of registries. */
export const onOneLine = ({ message }: Pick<Error, 'message'>): string => message.replaceAll(/\n\s*/g, '; ')

/** The error in a sentence, without its hop and its fix: `CODE: what was seen; expected this`. */
export const described = ({ code, seen, expected }: Pick<ErrorFacts, 'code' | 'seen' | 'expected'>): string =>
  `${code}: ${seen}${expected === undefined ? '' : `; expected ${expected}`}`

/** To be appended to `described`; empty without a fix. */
export function fixClause(fix: Fix): string {
  const text = fixOf(fix)
  return text === undefined ? '' : `; fix: ${text}`
}

/** The error as fields of a line in the log. */
export function faultFields(fault: PullpassError): Readonly<Record<string, string>> {
  const { code, hop, seen, expected } = fault
  const fix = fixOf(fault)
  return { code, hop, seen, ...(expected !== undefined && { expected }), ...(fix !== undefined && { fix }) }
}

// A fault that a run can name and go on from.

/** An error that is not classified is a bug, and ends the run: it is thrown on. */
export function asFault(error: unknown): PullpassError {
  if (error instanceof PullpassError) return error
  throw error
}

/** An unclassified error is a bug. Its message can contain anything, so only its type and location are shown. */
export function internalFault(error: unknown): PullpassError {
  const kind = error instanceof Error ? error.name : typeof error
  const frame = error instanceof Error ? error.stack?.split('\n').find((line) => /^\s+at /.test(line)) : undefined
  return new PullpassError({
    code: 'INTERNAL',
    hop: 'run',
    seen: `unexpected internal error: ${kind}${frame?.replace(/^\s+/, ' ') ?? ''}`,
    expected: 'no internal error; this is a bug in pullpass',
    hint: 'report these lines; pull secrets keep their last credential',
  })
}

/** The error of ours, such as the transport's, that a vendor's library wrapped into its own. */
export function faultUnder(error: unknown): PullpassError | undefined {
  let inner = error
  for (let depth = 0; depth < 5 && inner instanceof Error; depth++, inner = inner.cause) {
    if (inner instanceof PullpassError) return inner
  }
  return undefined
}

/** The results of those that did not fail, in their order. */
export const withoutFaults = <T>(results: readonly (T | PullpassError)[]): T[] =>
  results.flatMap((result) => (result instanceof PullpassError ? [] : [result]))

/** The codes, by hop, of a response without a known reason: a temporary error, and a permanent one. */
interface UnspecificCodes {
  readonly unavailable: ErrorCode
  readonly refused: ErrorCode
}

const exchange: UnspecificCodes = { unavailable: 'EXCHANGE_UNAVAILABLE', refused: 'EXCHANGE_REFUSED' }
const byHop: Readonly<Partial<Record<Hop, UnspecificCodes>>> = {
  trust: { unavailable: 'TRUST_UNAVAILABLE', refused: 'TRUST_REFUSED' },
  publish: { unavailable: 'PUBLISH_UNAVAILABLE', refused: 'PUBLISH_REFUSED' },
  discovery: { unavailable: 'DISCOVERY_UNAVAILABLE', refused: 'DISCOVERY_UNAVAILABLE' },
}

export const unspecificCodes = (hop: Hop): UnspecificCodes => byHop[hop] ?? exchange
