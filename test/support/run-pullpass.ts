/** Runs pullpass in this process against a sandbox, with the clock of the sandbox and without waiting. */
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import { run } from '../../src/commands/run/run.ts'
import type { Vendors } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { checkFixLines } from './check-commands.ts'
import { checkErrorHops } from './check-error-hops.ts'
import { checkPrinted } from './check-output.ts'

export interface PullpassRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface PullpassOptions {
  /** In addition to those of the sandbox; undefined unsets a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly input?: string
  readonly signal?: AbortSignal
  /** The input at a prompt; absent: no terminal. */
  readonly prompt?: (question: string) => Promise<string | undefined>
  /** Receives progress messages; absent: no terminal. */
  readonly notify?: (text: string) => void
  /** Height of the terminal; absent: standard output is not a terminal. */
  readonly rows?: number
  /** Receives each text that is printed on standard output, immediately. */
  readonly onPrint?: (text: string) => void
  /** Absent: pauses end immediately, and the run does not time out. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Absent: the vendors of the product. */
  readonly vendors?: Vendors
  /** Absent: always 0.5. */
  readonly random?: () => number
}

interface CommonFlags {
  /** Of every run in this sandbox. */
  readonly flags?: readonly string[]
}

export async function runPullpass(
  sandbox: Pick<Sandbox, 'environment' | 'clock'> & CommonFlags,
  words: readonly string[],
  options: PullpassOptions = {},
): Promise<PullpassRun> {
  const { environment = {}, input = '', signal = new AbortController().signal, sleep = waitWithoutTime } = options
  const { prompt, notify, rows, onPrint, random = () => 0.5 } = options
  const argv = words.toSpliced(words.includes('--') ? words.indexOf('--') : words.length, 0, ...(sandbox.flags ?? []))
  const stdout: string[] = []
  const stderr: string[] = []
  const exitCode = await run(argv, {
    environment: { ...sandbox.environment, ...environment },
    now: sandbox.clock.now,
    random,
    sleep,
    signal,
    vendors: options.vendors ?? vendors,
    terminal: {
      print: (text) => {
        stdout.push(`${text}\n`)
        onPrint?.(text)
      },
      printCredential: (credential) => void stdout.push(`${credential.reveal()}\n`),
      printError: (text) => void stderr.push(`${text}\n`),
      readInput: async () => input,
      ...(prompt && { prompt }),
      ...(notify && { notify }),
      ...(rows !== undefined && { rows: () => rows }),
      color: 'never',
      showProgress: () => undefined,
    },
  })
  await checkPrinted(argv, stdout.join(''))
  checkErrorHops(stderr.join(''))
  checkFixLines([...stdout, ...stderr].join(''))
  return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') }
}

/** Without time: neither the time limit of the run nor that of the kubelet's plugin expires. */
export const withoutTimeLimits = async (ms: number): Promise<void> => {
  if (ms >= 45_000) await new Promise(() => undefined)
}

/** A timeout of the whole run never expires; a pause between two attempts ends immediately. */
async function waitWithoutTime(ms: number, signal: AbortSignal): Promise<void> {
  const wholeRun = 60_000
  if (ms >= wholeRun) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  signal.throwIfAborted()
}
