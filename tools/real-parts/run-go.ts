/** Runs the `go` command, in this folder's module unless another is named; what it prints goes to stderr. */
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
  const [code] = await once(child, 'exit').catch((fault: NodeJS.ErrnoException) => {
    if (fault.code === 'ENOENT') throw new AbsentPart('go is not on the PATH (1.26 or newer, from https://go.dev/dl)')
    throw fault
  })
  if (code !== 0) throw new AbsentPart(`go ${commandArguments[0]} exited with ${code}: see above what it says`)
}
