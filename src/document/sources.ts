/** Reads the texts of documents: files, folders, standard input. */

import { constants, openSync } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { ErrorCode } from '../errors/codes.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'
import { showPath } from '../text/show.ts'
import { type DocumentProblem, type FieldProblem, refuse, renderPath } from './document-errors.ts'
import type { TextPosition, YamlDocument } from './parse-yaml.ts'

export interface Source {
  /** For messages: the path as it was given, `-` for standard input. */
  readonly name: string
  /** Relative paths in it start here. */
  readonly folder: string
  readonly text: string
}

/** In the order of `files`; those of a folder by name. @throws DOCUMENT_UNREADABLE, USAGE_INVALID */
export async function readSources(files: readonly string[], readInput: () => Promise<string>): Promise<Source[]> {
  if (files.indexOf('-') !== files.lastIndexOf('-')) {
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: 'standard input (-) is given twice',
      expected: 'one -f - with all documents, separated by ---',
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

/** Includes a file that is also in a given folder. Otherwise each of its documents would be reported as repeated. */
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
  // A mounted ConfigMap keeps its versions in hidden entries.
  const chosen = names.filter((name) => /^[^.].*\.(?:yaml|yml|json)$/.test(name)).toSorted()
  if (chosen.length === 0) throw unreadable(path, 'is a folder that contains no *.yaml, *.yml or *.json')
  const sources: Source[] = []
  for (const name of chosen) {
    const inside = await readTextFile(join(path, name))
    if (inside !== undefined) sources.push({ name: join(path, name), folder: path, text: inside })
  }
  return sources
}

/** A value of a JSON or YAML text, with the positions of its fields. */
export interface SourceValue {
  readonly value: unknown
  /** `pull.yaml:12`. */
  readonly at: string
  /** Problems of the value, with their positions. */
  readonly find: (problems: readonly FieldProblem[]) => Promise<DocumentProblem[]>
}

/** One for each document that is not empty. @throws `code` with `hint` where the text is neither JSON nor YAML */
export async function parseSource(source: Source, code: ErrorCode, hint?: string): Promise<SourceValue[]> {
  const value = parseJson(source.text)
  if (value === undefined)
    return (await parseAsYaml(source, code, hint)).map((document) => sourceValue(source, document))
  return [
    {
      value,
      at: `${source.name}:1`,
      // JSON is YAML, and the YAML parser knows the positions: loaded only if there is a mistake.
      find: async (problems) => {
        const [document] = await parseAsYaml(source, code, hint)
        return document === undefined ? [] : sourceValue(source, document).find(problems)
      },
    },
  ]
}

async function parseAsYaml(source: Source, code: ErrorCode, hint: string | undefined): Promise<YamlDocument[]> {
  const { parseYaml } = await import('./parse-yaml.ts')
  const parsed = parseYaml(source.text)
  if ('documents' in parsed) return parsed.documents
  const [first, ...others] = parsed.map(({ what, expected, ...position }) => ({
    seen: `${render(source, position)}: ${what}`,
    expected,
  }))
  throw refuse(code, [first ?? { seen: `${source.name} cannot be parsed`, expected: 'YAML or JSON' }, ...others], hint)
}

function sourceValue(source: Source, { value, start, locate }: YamlDocument): SourceValue {
  return {
    value,
    at: `${source.name}:${start.line}`,
    find: async (problems) =>
      problems
        .map((problem) => ({ ...problem, position: locate(problem.path, problem.at ?? 'value') }))
        .toSorted(
          (a, b) => rank(a) - rank(b) || a.position.line - b.position.line || a.position.column - b.position.column,
        )
        .map(({ position, path, predicate, expected }) => ({
          seen: `${render(source, position)}: ${renderPath(path)} ${predicate}`,
          expected,
        })),
  }
}

const rank = ({ order }: FieldProblem) => (order === 'last' ? 1 : 0)

const render = ({ name }: Source, { line, column }: TextPosition) => `${name}:${line}:${column}`

// JSON is parsed without the YAML library, whose start-up costs half as much as a bare process. RFC 8259.

/** The value; undefined if the text is not JSON, or an object in it repeats a field (RFC 8259 §4). @internal */
export function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // not JSON: the YAML parser reports where and why
  }
  return countFields(value) === countWrittenFields(text) ? value : undefined
}

/** JSON.parse keeps only the last of several fields with the same name. */
function countFields(value: unknown): number {
  const pending = [value]
  let count = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const items: unknown[] = Object.values(next)
    if (!Array.isArray(next)) count += items.length
    for (const item of items) pending.push(item)
  }
  return count
}

/** Counts the colons outside of strings in a JSON text: each ends a field's name. */
function countWrittenFields(text: string): number {
  let count = 0
  let isInside = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isInside && character === '\\') at += 1
    else if (character === '"') isInside = !isInside
    else if (!isInside && character === ':') count += 1
  }
  return count
}

/** Limit of a file of documents, and of a file that a document names. */
const maxBytes = 1024 * 1024
const pieceBytes = 64 * 1024

/** The text of a file or a pipe (`-f <(…)`); undefined if the path is a folder. @throws DOCUMENT_UNREADABLE */
export async function readTextFile(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'EISDIR') return undefined
    throw error instanceof PullpassError ? error : unreadable(path, reasons[systemErrorCode(error) ?? ''], error)
  })
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw unreadable(path, 'is not text', error)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read',
}

const hints: Readonly<Record<string, string>> = {
  'may not be read': 'allow the user that runs pullpass to read it: ls -l shows its mode',
  'is longer than 1 MiB': 'split it: -f accepts a folder, and can be repeated',
  'is not text': 'save it as UTF-8',
  'contains no document': 'add a document: docs/document.md has examples',
}

/** The error for a file that cannot be used at all. */
export function unreadable(path: string, reason = 'cannot be read', cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'DOCUMENT_UNREADABLE',
    hop: 'document',
    seen: `${path === '-' ? 'standard input' : showPath(path)} ${reason}`,
    expected: 'a file of YAML or JSON in UTF-8, at most 1 MiB',
    hint: hints[reason] ?? 'correct the path; in a pod, check the mount path and the items of the volume',
    cause,
  })
}

/** A pipe has no size, so bytes are counted as they arrive. */
async function readBytes(path: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of await openPieces(path)) {
    length += piece.length
    if (length > maxBytes) throw unreadable(path, 'is longer than 1 MiB')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function openPieces(path: string): Promise<AsyncIterable<Buffer>> {
  if (!(await stat(path)).isFIFO()) return piecesOf(await open(path))
  // Otherwise opening and reading the pipe would block a thread, and the exit of the process, until a writer appears.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const { Socket } = await import('node:net')
  return new Socket({ fd, writable: false })
}

async function* piecesOf(file: FileHandle): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(pieceBytes) })
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
