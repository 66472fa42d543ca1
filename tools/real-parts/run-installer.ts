/** Runs another ecosystem's installer; what it prints goes to stderr. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { AbsentPart } from './absent-part.ts'

/** @throws AbsentPart where it does not exist, with `remedy`, or does not end well */
export async function runInstaller(command: string, words: readonly string[], remedy: string): Promise<void> {
  const child = spawn(command, words, { stdio: ['ignore', process.stderr, process.stderr] })
  const [code] = await once(child, 'exit').catch((fault: NodeJS.ErrnoException) => {
    if (fault.code === 'ENOENT') throw new AbsentPart(`${command} is not on the PATH: ${remedy}`)
    throw fault
  })
  if (code !== 0) throw new AbsentPart(`${basename(command)} exited with ${code}: see above what it says; ${remedy}`)
}
