/** Finds programs of other projects. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { AbsentPart } from '../../../tools/real-parts/absent-part.ts'

/** PATH, and the sbin folders that are not in a user's PATH on Debian. */
const pathFolders = (): string[] => [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
]

/**
 * The absolute path of a program.
 * @throws AbsentPart with `remedy`, a clause that states how to install it.
 */
export function findProgram(name: string, folders: readonly string[], fix: string): string {
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (!found) throw new AbsentPart(`${name} is not installed: ${fix}`)
  return found
}

/** A program that a Debian package contains, from any source. */
export const findInstalledProgram = (name: string, debianPackage: string): string =>
  findOnPath(name, `apt-get install --no-install-recommends ${debianPackage}`)

/** A program that is not in a Debian package. @throws AbsentPart with `remedy` */
export const findOnPath = (name: string, remedy: string): string => findProgram(name, pathFolders(), remedy)

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // does not exist or is not executable: the next folder may contain it
  }
}
