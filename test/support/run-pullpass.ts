/** A run of pullpass in this process against a sandbox: its clock is the sandbox's, its waits take no time. */

import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import { run } from '../../src/commands/run.ts'
import type { Vendors } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { checkPrinted } from './check-output.ts'

export interface PullpassRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface PullpassOptions {
  /** Beside the sandbox's own; undefined takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly input?: string
  readonly signal?: AbortSignal
  /** What somebody at a terminal answers; absent: nobody sits there. */
  readonly prompt?: (question: string) => Promise<string | undefined>
  /** Who sits there, and reads what a long run says; absent: nobody. */
  readonly notify?: (text: string) => void
  /** How the run waits; absent: its pauses are over at once, and its time is never over. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Absent: the vendors of the product. */
  readonly vendors?: Vendors
  /** Absent: always 0.5. */
  readonly random?: () => number
}

export async function runPullpass(
  sandbox: Pick<Sandbox, 'environment' | 'clock'>,
  argv: readonly string[],
  options: PullpassOptions = {},
): Promise<PullpassRun> {
  const { environment = {}, input = '', signal = new AbortController().signal, sleep = waitWithoutTime } = options
  const { prompt, notify, random = () => 0.5 } = options
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
      print: (text) => void stdout.push(`${text}\n`),
      printError: (text) => void stderr.push(`${text}\n`),
      readInput: async () => input,
      ...(prompt && { prompt }),
      ...(notify && { notify }),
      color: 'never',
      showProgress: () => undefined,
    },
  })
  await checkPrinted(argv, stdout.join(''))
  return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') }
}

/** A bound on the whole run never comes to its end; a pause between two tries is over at once. */
async function waitWithoutTime(ms: number, signal: AbortSignal): Promise<void> {
  const wholeRun = 60_000
  if (ms >= wholeRun) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  signal.throwIfAborted()
}
