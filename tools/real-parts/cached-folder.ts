/** A cache of built programs outside the repository: built once per recipe, and renamed atomically. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The folder `name/HASH` of the cache, where HASH is the hash of `recipe`: all inputs of `fill`.
 * If it does not exist, `fill` writes to a temporary folder, which is then renamed.
 */
export async function cachedFolder(
  name: string,
  recipe: readonly (string | Buffer)[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const parent = join(cacheRoot(), name)
  const folder = join(parent, hash(recipe))
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${randomUUID()}`
  await mkdir(unfinished, { recursive: true })
  try {
    await fill(unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error // otherwise another process was first: its folder is used
  }
  return folder
}

const cacheRoot = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pullpass', 'real-parts')

function hash(recipe: readonly (string | Buffer)[]): string {
  const digest = createHash('sha256')
  for (const part of [process.platform, process.arch, ...recipe]) digest.update(`${part.length} `).update(part)
  return digest.digest('hex').slice(0, 16)
}
