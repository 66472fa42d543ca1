/** The context of every real part: a private folder and processes, which are removed when it is closed or fails to start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { RealPart } from '../real-part.ts'
import { type RunningProcess, startProcess } from './start-process.ts'

export interface PartContext {
  /** Mode 0700. */
  readonly folder: string
  readonly start: (
    command: string,
    commandArguments: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ) => RunningProcess
  /** Another part, closed with this one. */
  readonly use: <Part extends RealPart>(other: Promise<Part>) => Promise<Part>
  /** Cleanup on close, last one first; processes, other parts and the folder are included. */
  readonly defer: (undo: () => Promise<void>) => void
}

const openParts = new Set<() => Promise<void>>()
let interrupted = false
process.once('SIGINT', () => void closeAllAndExit(130))
process.once('SIGTERM', () => void closeAllAndExit(143))

export async function startPart<Part>(
  name: string,
  build: (context: PartContext) => Promise<Part>,
): Promise<Part & RealPart> {
  const stack = new AsyncDisposableStack()
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= stack.disposeAsync().finally(() => openParts.delete(close)) // concurrent calls wait for the same cleanup
    return closing
  }
  openParts.add(close)
  const folder = await mkdtemp(join(tmpdir(), `pullpass-${name}-`))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const speakers: Pick<RealPart, 'logs'>[] = []
  const logs = () => speakers.map((speaker) => speaker.logs()).join('\n')
  try {
    const part = await build(createContext(folder, stack, speakers))
    return { ...part, logs, close }
  } catch (fault) {
    await close()
    throw fault
  }
}

const createContext = (
  folder: string,
  stack: AsyncDisposableStack,
  speakers: Pick<RealPart, 'logs'>[],
): PartContext => ({
  folder,
  start(command, commandArguments, environment) {
    const started = startProcess(command, commandArguments, join(folder, `${basename(command)}.log`), environment)
    speakers.push(started)
    stack.defer(() => started.stop())
    return started
  },
  async use(other) {
    const started = await other
    speakers.push(started)
    stack.defer(() => started.close())
    return started
  },
  defer: (undo) => stack.defer(undo),
})

/** Cleans up after an interrupted run too, although the test runner, and with it the pipes, may exit first. */
async function closeAllAndExit(exitCode: number): Promise<void> {
  if (interrupted) return // ^C is followed by the runner's SIGTERM
  interrupted = true
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  await Promise.allSettled([...openParts].map((close) => close()))
  process.exit(exitCode)
}
