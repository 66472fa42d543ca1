/** The contract of commands: flags as data, and a function that prints results and returns the exit code. */
import type { Redacted } from '../../text/redacted.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { Flags, FlagValues } from './flag.ts'
import type { commonFlags } from './flags.ts'

export interface Call<F extends Flags> {
  readonly flags: FlagValues<F>
  /** Values of the global flags. */
  readonly common: FlagValues<typeof commonFlags>
  readonly positionals: readonly string[]
  readonly context: VendorContext
  readonly terminal: Terminal
}

export interface Terminal {
  /** Writes a result and a line end to standard output. */
  readonly print: (text: string) => void
  /** Writes a credential and a line end to standard output, for commands whose purpose it is. */
  readonly printCredential: (credential: Redacted) => void
  /** Writes an error, warning or log message and a line end to standard error. */
  readonly printError: (text: string) => void
  /** Resolves when both streams have passed on what was printed, or are closed; absent in tests. */
  readonly drain?: () => Promise<void>
  /** Reads standard input, at most 1 MiB. @throws DOCUMENT_UNREADABLE if it is longer */
  readonly readInput: () => Promise<string>
  /** Prompts for a line; absent without a terminal. Returns undefined at the end of the input. */
  readonly prompt?: (question: string, signal: AbortSignal) => Promise<string | undefined>
  /** Writes a message of a long-running command to the terminal; absent without a terminal. */
  readonly notify?: (text: string) => void
  /** Aborted when a write shows that the reader of standard output has closed it; absent in tests. */
  readonly closed?: AbortSignal
  readonly color: 'always' | 'never'
  /** Width of standard output in characters; absent if it is not a terminal. */
  readonly columns?: number
  /** Current height of standard output in lines; absent if it is not a terminal on which the cursor can be moved. */
  readonly rows?: () => number
  /** Shows a transient line on standard error if it is a terminal; `undefined` clears it. */
  readonly showProgress: (text: string | undefined) => void
}

export interface Command<F extends Flags = Flags> {
  /** Forms of the command line, without the program name. */
  readonly usage: readonly string[]
  /** Description and examples for `--help`. */
  readonly details: string
  readonly flags: F
  /** Where namespaces are given, for the error about -n on a command without it; follows "expected". */
  readonly namespaceHint?: string
  /** Flags of related commands: what this command has instead, as `--tenant-audience` for `--audience`. */
  readonly relatedFlags?: Readonly<Record<string, string>>
  /** Values of the positional argument, for shell completion; absent: files, if there is one. */
  readonly positionals?: readonly string[]
  /** A positional argument that may begin with "-". */
  readonly dashedPositional?: DashedPositional
  /** `until-stopped`: without a default --timeout. */
  readonly life: 'one-shot' | 'until-stopped'
  /** A switch with which a one-shot command runs until it is stopped. */
  readonly untilStoppedWith?: string
  /** Absent: PULLPASS_CA_FILE is read, and has to be valid. */
  readonly connects?: 'never'
  /** Whether it uses less memory at the price of CPU time: for commands whose memory grows with the cluster. */
  readonly favors?: 'memory'
  /** Set where the caller logs what is on standard error as a whole; absent: hint and expectation have their own lines. */
  readonly errors?: 'one line'
  /** @throws PullpassError, whose code determines the exit code */
  run(call: Call<F>): Promise<ExitCode>
}

/** A command in the list. */
export interface CommandEntry {
  /** Here and not in the command, since the list of commands loads none. */
  readonly summary: string
  // The types of its flags are known only to the command itself.
  readonly load: () => Promise<Command>
}

export interface DashedPositional {
  /** Text that cannot be a flag: it is the positional argument at any position. */
  readonly pattern: RegExp
  /** How to pass other text; follows "expected". */
  readonly hint: string
}

/** 0: success. 1: something failed and was reported; the rest was done. */
export type ExitCode = 0 | 1
