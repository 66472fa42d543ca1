/** What a command is: flags as data, and a story that prints results and returns its exit code. */
import type { VendorContext } from '../vendors/vendor.ts'
import type { Flags, FlagValues } from './flag.ts'
import type { commonFlags } from './flags.ts'

export interface Call<F extends Flags> {
  readonly flags: FlagValues<F>
  /** Of the flags that every command takes. */
  readonly common: FlagValues<typeof commonFlags>
  readonly positionals: readonly string[]
  readonly context: VendorContext
  readonly terminal: Terminal
}

export interface Terminal {
  /** Writes a result to standard output and ends the line. */
  readonly print: (text: string) => void
  /** Writes to standard error what went wrong, and ends the line. */
  readonly printError: (text: string) => void
  /** All of standard input, bounded. @throws DOCUMENT_UNREADABLE over 1 MiB */
  readonly readInput: () => Promise<string>
  /** Asks somebody who sits there; absent where nobody does. Answers undefined where that one leaves. */
  readonly prompt?: (question: string, signal: AbortSignal) => Promise<string | undefined>
  /** Says to somebody who sits there what a long run does, in a line that stays; absent where nobody does. */
  readonly notify?: (text: string) => void
  readonly color: 'always' | 'never'
  /** The width of standard output in characters; absent where that is no terminal. */
  readonly columns?: number
  /** Shows a passing line on standard error, where that is a terminal; `undefined` wipes it. */
  readonly showProgress: (text: string | undefined) => void
}

export interface Command<F extends Flags = Flags> {
  readonly summary: string
  /** Forms of the command line, without the program's name. */
  readonly usage: readonly string[]
  /** What a reader of `--help` should know besides: a few lines, with an example. */
  readonly details: string
  readonly flags: F
  /** Where namespaces stand, for who tries kubectl's -n on a command that lacks it; follows "expected". */
  readonly namespaceHint?: string
  /** The words that its positional can be, for shell completion; absent: files, where it takes a positional. */
  readonly positionals?: readonly string[]
  /** A positional that may begin with "-", which would be read as flags otherwise. */
  readonly dashedPositional?: DashedPositional
  /** A one-shot ends by itself, or after --timeout; what runs until stopped has no time limit of its own. */
  readonly life: 'one-shot' | 'until-stopped'
  /** @throws PullpassError, whose code says how the run ends. */
  run(call: Call<F>): Promise<ExitCode>
}

export interface DashedPositional {
  /** What cannot be a flag: it is the positional wherever it stands. */
  readonly pattern: RegExp
  /** How to pass a shorter one; follows "expected". */
  readonly hint: string
}

/** 0: all done. 1: something failed, and was named; others went on. */
export type ExitCode = 0 | 1
