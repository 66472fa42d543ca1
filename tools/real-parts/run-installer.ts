/** Runs a package installer or a compiler; its output goes to stderr. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'

/** A component cannot be started or built on this machine: the message names what is missing and how to install it. */
export class AbsentPart extends Error {
  override readonly name = 'AbsentPart'
}

interface InstallerOptions {
  readonly cwd?: string
  /** In addition to that of this process. */
  readonly environment?: Readonly<Record<string, string>>
}

/** @throws AbsentPart with `remedy` if it does not exist or fails */
export async function runInstaller(
  command: string,
  words: readonly string[],
  remedy: string,
  { cwd, environment }: InstallerOptions = {},
): Promise<void> {
  const env = { ...process.env, ...environment }
  const child = spawn(command, words, { cwd, env, stdio: ['ignore', process.stderr, process.stderr] })
  const [code] = await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new AbsentPart(`${command} is not on the PATH: ${remedy}`)
    throw error
  })
  if (code !== 0) throw new AbsentPart(`${basename(command)} exited with ${code}: see its output above; ${remedy}`)
}

/** By default in the module of this folder. */
export const runGo = async (
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string = import.meta.dirname,
): Promise<void> => await runInstaller('go', words, 'Go 1.26 or newer, from https://go.dev/dl', { cwd, environment })
