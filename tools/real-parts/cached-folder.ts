/** A folder of built programs, outside the tree: made once for each recipe, never seen half made. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The folder `name/HASH` of the cache, where HASH is that of `recipe`: all that decides what `fill` makes.
 * When it does not exist yet, `fill` fills an empty folder beside it, which then gets its name.
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
  } catch (fault) {
    await rm(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw fault // else another run was first, and its folder is as good
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
