/** The one error of pullpass: it names its hop, says what was seen and expected, and what to do. */
import type { ErrorCode } from './error-codes.ts'
import { plainText } from './plain-text.ts'

/** One step that can fail on the way from a document to a fresh pull secret; `run`: the run itself, at none of them. */
export type Hop =
  | 'document'
  | 'subject-token'
  | 'discovery'
  | 'publish'
  | 'trust'
  | 'exchange'
  | 'impersonation'
  | 'registry'
  | 'kubernetes'
  | 'run'

export interface Fault {
  readonly code: ErrorCode
  readonly hop: Hop
  /** What was observed, with whole values that can be pasted; a vendor's words come through `quote`. Never a secret. */
  readonly seen: string
  readonly expected?: string | undefined
  /** What to do about it: a command, a field, a setting. */
  readonly hint?: string | undefined
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean
  /** When the other side asked to be called again. */
  readonly retryAt?: Date | undefined
  readonly cause?: unknown
}

export class PullpassError extends Error {
  readonly code: ErrorCode
  readonly hop: Hop
  readonly seen: string
  readonly expected: string | undefined
  readonly hint: string | undefined
  readonly retryable: boolean
  readonly retryAt: Date | undefined

  constructor(fault: Fault) {
    super(composeMessage(fault), fault.cause === undefined ? undefined : { cause: fault.cause })
    this.name = 'PullpassError'
    this.code = fault.code
    this.hop = fault.hop
    this.seen = fault.seen
    this.expected = fault.expected
    this.hint = fault.hint
    this.retryable = fault.retryable ?? false
    this.retryAt = fault.retryAt
  }
}

function composeMessage({ code, hop, seen, expected, hint }: Fault): string {
  const lines = [`${code} (${hop}): ${seen}`]
  if (expected !== undefined) lines.push(`  expected ${expected}`)
  if (hint !== undefined) lines.push(`  fix: ${hint}`)
  return plainText(lines.join('\n'))
}
