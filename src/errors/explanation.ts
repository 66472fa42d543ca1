/**
 * The form of the texts that explain a code. Only the generator of docs/errors.md and tests load them, never a command.
 * `codes.ts` has the codes and their exit codes.
 */
import type { Code } from './codes.ts'

export interface Explanation {
  /** Hops of the errors with this code, as an error prints them; absent where no run ends on the code. */
  readonly hops?: readonly string[]
  /** Hops of `pullpass doctor` that report it; `any`: each of them. */
  readonly doctor?: readonly string[]
  /** Whether `pullpass issuer check` reports it. */
  readonly issuerCheck?: true
  /** Whether `pullpass inspect secret` reports it. */
  readonly inspect?: true
  /** Whether `pullpass status` reports it. */
  readonly status?: true
  /** Whether `pullpass issuer watch` and `issuer serve` raise it as an alarm. */
  readonly alarm?: true
  /** Whether they write it once, as an Event. */
  readonly event?: true
  /** Markdown; paragraphs are separated by an empty line. */
  readonly meaning: string
  /** What to do about it, and not what the example states. Markdown. */
  readonly action?: string
  /**
   * What a run that ends on it prints, where it explains more than the meaning: test/docs/error-examples.matrix.test.ts runs it.
   * Messages of the other codes are in test/docs/error-messages.txt.
   */
  readonly example?: string
}

export interface Section {
  readonly title: string
  readonly introduction: string
  readonly codes: Readonly<Partial<Record<Code, Explanation>>>
}
