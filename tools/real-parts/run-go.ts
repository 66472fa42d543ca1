/** Runs the `go` command, by default in the module of this folder; its output goes to stderr. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { AbsentPart } from './absent-part.ts'

export async function runGo(
  commandArguments: readonly string[],
  environment: Record<string, string>,
  moduleFolder: string = import.meta.dirname,
): Promise<void> {
  const child = spawn('go', commandArguments, {
    cwd: moduleFolder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', process.stderr, process.stderr],
  })
  const [code] = await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new AbsentPart('go is not on the PATH (1.26 or newer, from https://go.dev/dl)')
    throw error
  })
  if (code !== 0) throw new AbsentPart(`go ${commandArguments[0]} exited with ${code}: see its output above`)
}
