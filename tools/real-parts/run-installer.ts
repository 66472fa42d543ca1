/** Runs a package installer; its output goes to stderr. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { AbsentPart } from './absent-part.ts'

/** @throws AbsentPart with `remedy` if it does not exist or fails */
export async function runInstaller(command: string, words: readonly string[], remedy: string): Promise<void> {
  const child = spawn(command, words, { stdio: ['ignore', process.stderr, process.stderr] })
  const [code] = await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new AbsentPart(`${command} is not on the PATH: ${remedy}`)
    throw error
  })
  if (code !== 0) throw new AbsentPart(`${basename(command)} exited with ${code}: see its output above; ${remedy}`)
}
