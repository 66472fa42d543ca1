/** The texts that documents are read from: files, folders, standard input. */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PullpassError } from '../outside/pullpass-error.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
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
      hop: 'document',
      seen: 'standard input (-) is named twice',
      expected: 'it once',
    })
  }
  const sources: Source[] = []
  for (const file of files) {
    if (file === '-') sources.push({ name: '-', folder: '.', text: await readInput() })
    else for (const path of await expand(file)) sources.push(await readSource(path))
  }
  return sources
}

async function readSource(path: string): Promise<Source> {
  return { name: path, folder: dirname(path), text: await readTextFile(path) }
}

/** The files of a folder; the path itself where it is none. */
async function expand(path: string): Promise<string[]> {
  const names = await readdir(path).catch((error: unknown) => {
    // Any other fault is told better by reading the file.
    if (systemErrorCode(error) === 'EACCES') throw unreadable(path, 'may not be read', error)
    return undefined
  })
  if (names === undefined) return [path]
  // Hidden entries are how a mounted ConfigMap keeps its versions.
  const chosen = names.filter((name) => /^[^.].*\.(?:yaml|yml|json)$/.test(name)).toSorted()
  if (chosen.length === 0) throw unreadable(path, 'is a folder without *.yaml, *.yml or *.json')
  return chosen.map((name) => join(path, name))
}
