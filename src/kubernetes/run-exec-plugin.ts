/** One run of a kubeconfig's program, for what it prints: bounded in time and size, and ended with the run. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { systemErrorCode } from '../outside/system-error-code.ts'

export interface ExecCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The message is what a sentence about the program goes on with; it quotes nothing of what the program said. */
export class ExecFailed extends Error {
  readonly absent: boolean

  constructor(words: string, absent: 'absent' | 'present' = 'present') {
    super(words)
    this.absent = absent === 'absent'
  }
}

const longestMs = 60_000
const maxBytes = 1024 * 1024

/** Its standard error is not read: tokens may be in it. Rejects with ExecFailed, or the signal's reason. */
export async function runExecPlugin({ command, args, environment }: ExecCommand, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted()
  const plugin = start({ command, args, environment })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const pieces: Buffer[] = []
  let bytes = 0
  plugin.stdout.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) reject(new ExecFailed(`it prints more than ${maxBytes} bytes`))
    else pieces.push(piece)
  })
  plugin.once('error', (error) => reject(notStarted(error)))
  plugin.once('close', (code, endedBy) => {
    if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'))
    else reject(new ExecFailed(endedBy === null ? `it ended with exit code ${code}` : `it was ended by ${endedBy}`))
  })
  const tooLong = setTimeout(() => reject(new ExecFailed(`it did not end within ${longestMs / 1000} s`)), longestMs)
  const interrupt = () => reject(signal.reason)
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(tooLong)
    signal.removeEventListener('abort', interrupt)
    plugin.kill('SIGKILL')
    plugin.stdout.destroy() // what it has started may hold this pipe open, and with it the run
    plugin.unref()
  }
}

function start({ command, args, environment }: ExecCommand): ChildProcessByStdio<null, Readable, null> {
  try {
    return spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    throw notStarted(error) // its message may quote an argument
  }
}

function notStarted(error: unknown): ExecFailed {
  const code = systemErrorCode(error)
  if (code === 'ENOENT') return new ExecFailed('there is no such program', 'absent')
  return new ExecFailed(`it cannot be run: ${code ?? 'no reason given'}`)
}
