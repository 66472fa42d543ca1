/** The program that users install, started with Node.js: the built package takes a third of the CPU time of the sources to start. */
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PullpassProcess, spawnPullpass } from '../../../test/support/spawn-pullpass.ts'

export const pullpassProgram: string = fileURLToPath(new URL('../../../dist/pullpass.mjs', import.meta.url))

/** A process that inherits no variables. */
export const spawnProgram = (argv: readonly string[], environment: Readonly<Record<string, string>>): PullpassProcess =>
  spawnPullpass(argv, environment, { program: pullpassProgram })

interface ProgramOptions {
  readonly name?: string
  /** Of Node.js, before the program. */
  readonly nodeFlags?: readonly string[]
  /** Before those of the caller. */
  readonly words?: readonly string[]
}

/** Writes an executable of this name, `pullpass` by default, for the PATH. */
export async function writePullpassProgram(
  folder: string,
  { name = 'pullpass', nodeFlags = [], words = [] }: ProgramOptions = {},
): Promise<void> {
  const command = [process.execPath, ...nodeFlags, pullpassProgram, ...words].map((word) => `'${word}'`).join(' ')
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\nexec ${command} "$@"\n`)
  await chmod(path, 0o755)
}
