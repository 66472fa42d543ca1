/** Where a program of another project is found. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { AbsentPart } from '../../../tools/real-parts/absent-part.ts'

/** The PATH, and the service folders that an ordinary user's PATH lacks on Debian. */
const pathFolders = (): string[] => [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
]

/**
 * The whole path of a program.
 * @throws AbsentPart with `remedy`, a clause that says how to get it.
 */
export function findProgram(name: string, folders: readonly string[], fix: string): string {
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (!found) throw new AbsentPart(`${name} is not installed: ${fix}`)
  return found
}

/** A program of a Debian package, wherever the machine has it from. */
export const findInstalledProgram = (name: string, debianPackage: string): string =>
  findOnPath(name, `apt-get install --no-install-recommends ${debianPackage}`)

/** A program that no package of Debian has. @throws AbsentPart with `remedy` */
export const findOnPath = (name: string, remedy: string): string => findProgram(name, pathFolders(), remedy)

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // not there, or not ours to run: the next folder may have it
  }
}
