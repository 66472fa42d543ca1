/** Writes a folder of built files, and leaves those alone that are up to date: running programs load them lazily. */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

export interface BuiltFile {
  readonly content: string | Uint8Array
  /** Absent: 0644. */
  readonly mode?: number
}

/** `files`: by their path in the folder. Each file is replaced by a rename. */
export async function updateFolder(
  folder: string,
  files: ReadonlyMap<string, BuiltFile>,
  others: 'remove-others' | 'keep-others',
): Promise<void> {
  for (const [name, { content, mode = 0o644 }] of files) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    const current = await readFile(path).catch(() => undefined) // absent
    if (current?.equals(Buffer.from(content)) !== true) {
      await writeFile(`${path}.new`, content)
      await rename(`${path}.new`, path)
    }
    await chmod(path, mode)
  }
  if (others === 'keep-others') return
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isDirectory() && !files.has(relative(folder, path).replaceAll('\\', '/'))) await rm(path)
  }
}
