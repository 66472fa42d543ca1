/**
 * Fails when a regular expression of src/ may take more than linear time: what it reads often comes from outside, and
 * neither a deadline nor Ctrl-C interrupts it. Judged by recheck (https://makenowjust-labs.github.io/recheck/), by automata
 * where it can and by search for an attack otherwise. `FILE …`: these files in place of src/.
 */
import { globSync, readFileSync } from 'node:fs'
import { check } from 'recheck'
import { parseAst } from 'rolldown/parseAst'

interface Expression {
  /** `src/a.ts:12`. */
  readonly at: string
  readonly pattern: string
  readonly flags: string
}

type Node = { readonly [field: string]: unknown; readonly type: string; readonly start: number }

const timeoutMs = 30_000
/** Without one of these an expression reads a bounded number of characters at each place. */
const unbounded = /[*+]|\{\d+,\}/

const files = process.argv.length > 2 ? process.argv.slice(2) : globSync('src/**/*.ts')
const faults: string[] = []
const expressions = files.flatMap(expressionsIn)
for (const { at, pattern, flags } of expressions.filter((one) => unbounded.test(one.pattern))) {
  const why = await whyNotLinear(withFewRepetitions(pattern), flags)
  if (why !== undefined) faults.push(`${at}: /${pattern}/${flags}: ${why}`)
}
for (const fault of faults.toSorted()) console.error(fault)
if (expressions.length + faults.length === 0)
  console.error('no regular expression was found: the search itself is broken')
process.exit(faults.length > 0 || expressions.length === 0 ? 1 : 0) // recheck keeps its process alive

/** Automata know no look-around: then an attack is searched for. */
async function whyNotLinear(pattern: string, flags: string): Promise<string | undefined> {
  for (const checker of ['automaton', 'fuzz'] as const) {
    const result = await check(pattern, flags, { checker, timeout: timeoutMs })
    if (result.status === 'safe') return undefined
    if (result.status === 'vulnerable') return result.complexity.summary
    if (result.error.kind !== 'unsupported') return result.error.kind
  }
  return 'not judged'
}

/** A bounded repetition adds a constant: fewer of them keep the growth, and automata small. */
function withFewRepetitions(pattern: string): string {
  return pattern.replaceAll(/(?<!\\)\{(\d+)(?:(,)(\d*))?\}/g, (_, least: string, comma = '', most = '') => {
    const few = (count: string) => (count === '' ? '' : String(Math.min(Number(count), 2)))
    return `{${few(least)}${comma}${few(most)}}`
  })
}

function expressionsIn(file: string): Expression[] {
  const text = readFileSync(file, 'utf8')
  const found: Expression[] = []
  const texts = new Map<string, string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one)
    if (!isNode(value)) return
    const at = `${file}:${text.slice(0, value.start).split('\n').length}`
    const { regex, id, init, callee } = value
    if (isNode(id) && isNode(init)) {
      const constant = textOf(init, texts)
      if (constant !== undefined) texts.set(String(id['name']), constant)
    }
    if (typeof regex === 'object' && regex !== null && 'pattern' in regex && 'flags' in regex) {
      found.push({ at, pattern: String(regex.pattern), flags: String(regex.flags) })
    } else if (isNode(callee) && callee['name'] === 'RegExp') {
      const [source, flags] = [value['arguments']].flat()
      const pattern = isNode(source) ? textOf(source, texts) : undefined
      if (pattern === undefined) faults.push(`${at}: RegExp of what is no constant of this file`)
      else found.push({ at, pattern, flags: (isNode(flags) && textOf(flags, texts)) || '' })
    }
    for (const field of Object.values(value)) visit(field)
  }
  visit(parseAst(text, { lang: 'ts' }))
  return found
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

/** A text that is known without running anything: literals, templates of them (`String.raw` too), and their names. */
function textOf(node: Node, known: ReadonlyMap<string, string>): string | undefined {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node.type === 'Identifier') return known.get(String(node['name']))
  const template = node.type === 'TaggedTemplateExpression' ? node['quasi'] : node
  if (!isNode(template) || template.type !== 'TemplateLiteral') return undefined
  const form = node.type === 'TaggedTemplateExpression' ? 'raw' : 'cooked'
  const pieces = [template['quasis']].flat().map((quasi) => String(Object(Object(quasi).value)[form]))
  const inserted = [template['expressions']].flat().map((one) => (isNode(one) ? textOf(one, known) : undefined))
  if (inserted.includes(undefined)) return undefined
  return pieces.map((piece, index) => piece + (inserted[index] ?? '')).join('')
}
