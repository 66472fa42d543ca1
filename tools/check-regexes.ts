/**
 * Fails if a regular expression in src/ may take more than linear time: it often matches external input, and neither a
 * deadline nor Ctrl-C interrupts it. Checked with recheck (https://makenowjust-labs.github.io/recheck/), with automata if
 * possible, otherwise by fuzzing. `FILE …`: check these files instead of src/.
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

/** Characters that are read decide, not time: on a busy machine, linear expressions took longer than the limits of recheck. */
const limits = {
  timeout: 300_000,
  attackTimeout: null,
  incubationTimeout: null,
  mutationTimeout: null,
  seedingTimeout: null,
} as const
/** Without one of these an expression matches a bounded number of characters. */
const unbounded = /[*+]|\{\d+,\}/

const files = process.argv.length > 2 ? process.argv.slice(2) : globSync('src/**/*.ts')
const faults: string[] = []
const expressions = files.flatMap(expressionsIn)
for (const { at, pattern, flags } of expressions.filter((one) => unbounded.test(one.pattern))) {
  const why = await whyNotLinear(withSmallBounds(pattern), flags)
  if (why !== undefined) faults.push(`${at}: /${pattern}/${flags}: ${why}`)
}
for (const fault of faults.toSorted()) console.error(fault)
if (expressions.length + faults.length === 0) console.error('no regular expression was found: the check is broken')
process.exit(faults.length > 0 || expressions.length === 0 ? 1 : 0) // recheck keeps the process alive

/** Automata do not support lookaround: then by fuzzing. */
async function whyNotLinear(pattern: string, flags: string): Promise<string | undefined> {
  for (const checker of ['automaton', 'fuzz'] as const) {
    const result = await check(pattern, flags, { checker, ...limits })
    if (result.status === 'safe') return undefined
    if (result.status === 'vulnerable') return result.complexity.summary
    if (result.error.kind !== 'unsupported') return result.error.kind
  }
  return 'not checked'
}

/** A bounded repetition adds a constant factor: smaller bounds keep the complexity and make automata small. */
function withSmallBounds(pattern: string): string {
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
      if (pattern === undefined) faults.push(`${at}: RegExp without a constant of this file`)
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

/** Text that is known statically: literals, templates of literals (also `String.raw`), and constants. */
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
