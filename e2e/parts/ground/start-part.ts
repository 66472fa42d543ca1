/** The ground under every real part: a private folder and processes, which are gone when it is closed or fails to start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { RealPart } from '../real-part.ts'
import { type RunningProcess, startProcess } from './start-process.ts'

export interface PartGround {
  /** Mode 0700. */
  readonly folder: string
  readonly start: (command: string, commandArguments: readonly string[]) => RunningProcess
  /** Another part, closed with this one. */
  readonly use: <Part extends RealPart>(other: Promise<Part>) => Promise<Part>
  /** What to undo at the end, the last one first; processes, other parts and the folder are among them. */
  readonly defer: (undo: () => Promise<void>) => void
}

export async function startPart<Part>(
  name: string,
  build: (ground: PartGround) => Promise<Part>,
): Promise<Part & RealPart> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), `pullpass-${name}-`))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const speakers: Pick<RealPart, 'logs'>[] = []

  const part = await build({
    folder,
    start(command, commandArguments) {
      const started = startProcess(command, commandArguments, join(folder, `${basename(command)}.log`))
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
  const rest = stack.move()
  return {
    ...part,
    logs: () => speakers.map((speaker) => speaker.logs()).join('\n'),
    close: () => rest.disposeAsync(),
  }
}
