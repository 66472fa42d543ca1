/** The texts that documents are read from: files, folders, standard input. */
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PullpassError } from '../outside/pullpass-error.ts'
import { showPath } from '../outside/show-path.ts'
import { readTextFile, unreadable } from './read-text-file.ts'

export interface Source {
  /** For messages: the path as it was given, `-` for standard input. */
  readonly name: string
  /** Where relative paths in it start. */
  readonly folder: string
  readonly text: string
}

/** In the order of `files`; those of a folder by name. @throws DOCUMENT_UNREADABLE, USAGE_INVALID */
export async function readSources(files: readonly string[], readInput: () => Promise<string>): Promise<Source[]> {
  if (files.indexOf('-') !== files.lastIndexOf('-')) {
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: 'standard input (-) is named twice',
      expected: 'it once',
    })
  }
  const sources: Source[] = []
  for (const file of files) {
    if (file === '-') sources.push({ name: '-', folder: '.', text: await readInput() })
    else sources.push(...(await readPath(file)))
  }
  refuseRepeated(sources)
  return sources
}

/** Also a file beside its folder. Otherwise each of its documents would be told to be there twice. */
function refuseRepeated(sources: readonly Source[]): void {
  const firsts = new Map<string, Source>()
  for (const source of sources) {
    const path = resolve(source.name)
    const first = firsts.get(path)
    if (first !== undefined) {
      const other = first.name === source.name ? '' : `, as ${showPath(first.name)} too`
      const seen = `the file ${showPath(source.name)} is given twice${other}`
      throw new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen, expected: 'each file once' })
    }
    firsts.set(path, source)
  }
}

async function readPath(path: string): Promise<Source[]> {
  const text = await readTextFile(path)
  if (text !== undefined) return [{ name: path, folder: dirname(path), text }]
  const names = await readdir(path).catch((error: unknown) => {
    throw unreadable(path, 'cannot be listed', error)
  })
  // Hidden entries are how a mounted ConfigMap keeps its versions.
  const chosen = names.filter((name) => /^[^.].*\.(?:yaml|yml|json)$/.test(name)).toSorted()
  if (chosen.length === 0) throw unreadable(path, 'is a folder without *.yaml, *.yml or *.json')
  const sources: Source[] = []
  for (const name of chosen) {
    const inside = await readTextFile(join(path, name))
    if (inside !== undefined) sources.push({ name: join(path, name), folder: path, text: inside })
  }
  return sources
}
