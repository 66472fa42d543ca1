/** One bash session for a guide: variables and background jobs persist from block to block. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Shell {
  /** Runs a block and waits for its end. */
  readonly run: (script: string) => Promise<BlockRun>
  /** Ends the session and its background jobs. */
  readonly close: () => Promise<void>
}

interface BlockRun {
  /** `exitCode` is of the last command; `failed` is the first command that failed, with its code. */
  readonly exitCode: number
  readonly failed: string | undefined
  /** stdout and stderr. */
  readonly printed: string
}

export interface ShellOptions {
  /** The folder for the scripts of the blocks. */
  readonly scriptFolder: string
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

const timeoutMs = 120_000
const endMarker = 'END-OF-BLOCK'
const prologue = [
  'exec 2>&1',
  'set -o pipefail',
  'set -E',
  `trap 'code=$?; if [ -z "$failed" ]; then failed="$BASH_COMMAND: exit code $code"; fi' ERR`,
  '',
].join('\n')

export function startShell({ scriptFolder, cwd, environment }: ShellOptions): Shell {
  const child = spawn('bash', ['--noprofile', '--norc'], { cwd, env: { ...environment }, detached: true })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stdin.write(prologue)
  let count = 0
  return {
    async run(script) {
      count += 1
      const file = join(scriptFolder, `${count}.sh`)
      await writeFile(file, script)
      const before = output.length
      // The standard input is the session's script, which no command may read.
      child.stdin.write(
        `failed=; . '${file}' </dev/null; printf '\\n${endMarker} %s %s %s\\n' ${count} "$?" "$failed"\n`,
      )
      return await readEnd(child, count, () => output.slice(before))
    },
    close: () => closeGroup(child),
  }
}

async function readEnd(child: ChildProcessWithoutNullStreams, count: number, printed: () => string): Promise<BlockRun> {
  const pattern = new RegExp(`\\n${endMarker} ${count} (?<code>\\d+) (?<failed>.*)\\n`, 's')
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline && child.exitCode === null) {
    const found = pattern.exec(printed())
    if (found !== null) {
      const { code, failed = '' } = found.groups ?? {}
      return { exitCode: Number(code), failed: failed || undefined, printed: printed().slice(0, found.index) }
    }
    await sleep(20)
  }
  throw new Error(`the block did not end within ${timeoutMs / 1000} s; so far it printed:\n${printed()}`)
}

/** Background jobs are in the process group of the session, and are ended with it. */
async function closeGroup(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGTERM')
    await sleep(200)
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // ESRCH: the group no longer exists
  }
}
