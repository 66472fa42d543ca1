/** Writes a folder of built files, and leaves those alone that are up to date: running programs load them lazily. */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface BuiltFile {
  readonly content: string | Uint8Array
  /** Absent: 0644. */
  readonly mode?: number
}

/** `files`: by name; the folder has no subfolders. Each file is replaced by a rename. */
export async function updateFolder(
  folder: string,
  files: ReadonlyMap<string, BuiltFile>,
  others: 'remove-others' | 'keep-others',
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, { content, mode = 0o644 }] of files) {
    const path = join(folder, name)
    const current = await readFile(path).catch(() => undefined) // absent
    if (current?.equals(Buffer.from(content)) !== true) {
      await writeFile(`${path}.new`, content)
      await rename(`${path}.new`, path)
    }
    await chmod(path, mode)
  }
  if (others === 'keep-others') return
  for (const name of await readdir(folder)) if (!files.has(name)) await rm(join(folder, name), { recursive: true })
}
