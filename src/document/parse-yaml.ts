/** Parses YAML 1.2: all documents of a text, each with the positions of its fields. https://yaml.org/spec/1.2.2 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLError,
} from 'yaml'
import { quote } from '../text/plain-text.ts'
import type { FieldPath } from './document-errors.ts'
import { showValue } from './show-value.ts'

/** Line and column, from 1. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

export interface YamlDocument {
  readonly value: unknown
  readonly start: TextPosition
  /** The position of a field, or of the nearest one that contains it. */
  readonly locate: (path: FieldPath, at: 'key' | 'value') => TextPosition
}

export interface YamlFault extends TextPosition {
  readonly what: string
  readonly expected: string
}

const maxDocuments = 1000
/**
 * Some 14,000 lines. The library takes quadratic time for some texts: 1 MiB of commas costs 14 s, of anchors with an alias
 * each 55 s, and no deadline interrupts it. Tokens are counted first, by its lexer, in linear time.
 */
const maxTokens = 100_000
/** Each alias is resolved by a search through the document. */
const maxAnchors = 100
/** An alias counts once for each use of what it repeats: a small text must not become a huge value. */
const maxAliasCount = 100

/** The documents that are not empty, or the problems of the text. Neither throws nor warns. */
export function parseYaml(text: string): { readonly documents: YamlDocument[] } | readonly YamlFault[] {
  const lines = new LineCounter()
  const positionAt = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  try {
    const excess = excessIn(text)
    if (excess !== undefined) return [excess]
    // Unique keys are checked below: the library compares each with each, 12 s for 30,000.
    const options = {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
      uniqueKeys: false,
      logLevel: 'silent',
    } as const
    const parsed = [...parseAllDocuments(text, options)]
    const [broken] = parsed.flatMap((document) => syntaxFaults(document, positionAt))
    if (broken !== undefined) return [broken] // later errors are mostly its consequences
    const faults = parsed.flatMap((document) => repeatedFields(document, positionAt))
    if (parsed.length > maxDocuments)
      return [{ ...positionAt(0), what: `more than ${maxDocuments} documents`, expected: 'fewer in one file' }]
    return faults.length > 0
      ? faults
      : { documents: parsed.filter(isFilled).map((document) => withPositions(document, positionAt)) }
  } catch (error) {
    // Aliases without end or anchor (a ReferenceError), and nesting deeper than the stack, are thrown by the library.
    const expected = error instanceof ReferenceError ? quotedGlob : 'YAML or JSON'
    return [{ ...positionAt(0), what: inWords(error instanceof Error ? error.message : 'unreadable'), expected }]
  }
}

/** Which limit is exceeded, and where. https://eemeli.org/yaml/#lexer */
function excessIn(text: string): YamlFault | undefined {
  const counts = { tokens: 0, documents: 0, anchors: 0, aliases: 0 }
  let line = 1
  let isText = false // by the preceding mark; scalar text may begin with any character
  for (const token of new Lexer().lex(text)) {
    counts.tokens += 1
    if (!isText && token === '---') counts.documents += 1
    if (!isText && token.startsWith('&')) counts.anchors += 1
    if (!isText && token.startsWith('*')) counts.aliases += 1
    const what = excessOf(counts)
    if (what !== undefined) return { line, column: 1, what: `more than ${what}`, expected: 'fewer in one file' }
    isText = token === '\u001f'
    line += countLineEnds(token)
  }
  return undefined
}

function excessOf(counts: { tokens: number; documents: number; anchors: number; aliases: number }): string | undefined {
  if (counts.documents > maxDocuments) return `${maxDocuments} documents`
  if (counts.anchors > maxAnchors) return `${maxAnchors} anchors`
  if (counts.aliases > maxAnchors) return `${maxAnchors} aliases`
  return counts.tokens > maxTokens ? `${maxTokens} tokens of YAML` : undefined
}

function countLineEnds(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

type PositionOf = (offset: number) => TextPosition

function syntaxFaults({ errors, warnings }: Document.Parsed, positionAt: PositionOf): YamlFault[] {
  return [...errors, ...warnings].map(({ pos, code, message }) => ({
    ...positionAt(pos[0]),
    what: inWords(message),
    expected: whatHelps(code),
  }))
}

/**
 * The message of the library, without what it repeats of the text: after a colon, in a tag, a directive, an escape.
 * The file may be a token file, and a password may begin with characters that are YAML syntax.
 */
function inWords(message: string): string {
  const own = message
    .replace(/(?<=[\w)]: ).*$/s, '…')
    .replaceAll(/(?<=Unknown directive |YAML version |plain scalar |escape sequence )\S.*$/gs, '…')
    .replaceAll(/(?<!\S)[!&*]\S*|\S{24,}/g, '…')
  return `not YAML: ${quote(own)}`
}

/** A glob that begins with * is an alias to YAML. */
const quotedGlob = 'YAML or JSON; a glob in quotes, such as "team-*"'

function whatHelps(code: YAMLError['code']): string {
  if (code === 'TAB_AS_INDENT') return 'spaces, not tabs'
  return code === 'BAD_ALIAS' || code === 'ALIAS_PROPS' ? quotedGlob : 'YAML or JSON'
}

function repeatedFields(document: Document.Parsed, positionAt: PositionOf): YamlFault[] {
  const faults: YamlFault[] = []
  visit(document, {
    Map(_, map) {
      const names = new Set<unknown>()
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key
        if (names.has(name)) {
          const what = `the field ${isScalar(key) ? showValue(name) : 'of this name'} is given twice`
          faults.push({ ...positionAt(offsetOf(key) ?? 0), what, expected: 'each field once' })
        }
        names.add(name)
      }
    },
  })
  return faults
}

function isFilled(document: Document.Parsed): boolean {
  return document.contents !== null && !(isScalar(document.contents) && document.contents.value === null)
}

function withPositions(document: Document.Parsed, positionAt: PositionOf): YamlDocument {
  const start = positionAt(offsetOf(document.contents) ?? 0)
  return {
    value: document.toJS({ maxAliasCount }),
    start,
    locate: (path, at) => {
      const offset = offsetOfField(document, path, at)
      return offset === undefined ? start : positionAt(offset)
    },
  }
}

function offsetOfField(document: Document.Parsed, path: FieldPath, at: 'key' | 'value'): number | undefined {
  let node: unknown = document.contents
  let offset = offsetOf(node)
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : undefined) === String(step))
      if (pair === undefined) return offset
      node = pair.value
      const byKey = !isScalar(node) || node.value === null || (at === 'key' && depth === path.length - 1)
      offset = offsetOf(byKey ? pair.key : node) ?? offset
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = offsetOf(node) ?? offset
    } else return offset
  }
  return offset
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? ((node as Node).range?.[0] ?? undefined) : undefined
}
