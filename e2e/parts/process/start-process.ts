/** A background program: its output goes to a file, it is stopped by its pid, and is killed when this process exits. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

export interface RunningProcess {
  /** Aborted when the program has exited, with the end of its output in the reason. */
  readonly ended: AbortSignal
  /** The end of its output, under its name. */
  logs(): string
  /** By default SIGTERM, and SIGKILL if it does not exit in time. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const killAfterMs = 3000 // an API server would wait longer for open watches of a failed test
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** `environment`: in addition to that of this process. */
export function startProcess(
  command: string,
  commandArguments: readonly string[],
  logFile: string,
  environment: Readonly<Record<string, string>> = {},
): RunningProcess {
  const log = openSync(logFile, 'a', 0o600)
  const env = { ...process.env, ...environment }
  const child = spawn(command, commandArguments, { env, stdio: ['ignore', log, log], detached: true }) // ^C is only sent to this process
  closeSync(log)
  running.add(child)

  const logs = () => `--- ${basename(command)}\n${readFileSync(logFile, 'utf8').slice(-8000)}`
  const end = new AbortController()
  const reportEnd = (how: string) => {
    running.delete(child)
    end.abort(new Error(`${basename(command)} ended, ${how}\n${logs()}`))
  }
  child.once('error', ({ message }) => reportEnd(message))
  child.once('exit', (code, signal) => reportEnd(signal ?? `exit code ${code}`))
  return {
    ended: end.signal,
    logs,
    async stop(signal = 'SIGTERM') {
      if (end.signal.aborted) return
      child.kill(signal)
      const lastResort = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      await once(child, 'exit')
      clearTimeout(lastResort)
    },
  }
}
