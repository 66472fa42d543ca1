/** Issues of the schema library as problems; schema-parts.ts contains their wording. */
import type * as z from 'zod/mini'
import type { ErrorCode } from '../errors/codes.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { asObject } from '../text/json-fields.ts'
import { nearest } from '../text/nearest.ts'
import { quote } from '../text/plain-text.ts'
import { namesSecret } from '../text/show.ts'
import { showValue } from './show-value.ts'

/** The value with its type, or all problems of it. */
export function checkShape<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
): { readonly form: T } | readonly FieldProblem[] {
  const result = schema.safeParse(value)
  return result.success
    ? { form: result.data }
    : result.error.issues.flatMap((issue) => problemsOf(issue, schema, value))
}

function problemsOf(issue: z.core.$ZodIssue, schema: unknown, whole: unknown): FieldProblem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') {
    const known = partAt(schema, path).fields
    return issue.keys.map((key) => unknownField(path, key, { known, parent: parentOf(key, known, { schema, path }) }))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, predicate: 'is not a valid key', expected: issue.issues[0]?.message ?? 'another', at: 'key' }]
  }
  const value = valueAt(whole, path)
  const counts = issue.code === 'too_big' || issue.code === 'too_small'
  const canOmit = issue.code === 'too_small' && partAt(schema, path).presence === 'optional'
  const expected = asList(issue, value) ?? `${issue.message}${canOmit ? ', or omit the field' : ''}`
  if (value === undefined) return [{ path, predicate: 'is missing', expected, order: 'last' }]
  return [{ path, predicate: `is ${counts ? countItems(value) : showField(path, value)}`, expected }]
}

/** The part of a schema at `path`. Schemas describe themselves in `_zod.def`. */
function partAt(schema: unknown, path: FieldPath, presence: SchemaPart['presence'] = 'required'): SchemaPart {
  const def = asObject(asObject(asObject(schema)?.['_zod'])?.['def'])
  if (def?.['innerType'] !== undefined) return partAt(def['innerType'], path, 'optional')
  const [step, ...rest] = path
  const shape = asObject(def?.['shape'])
  if (step === undefined) return { fields: Object.keys(shape ?? {}), presence }
  return partAt(shape?.[step] ?? def?.['element'] ?? def?.['valueType'], rest)
}

interface SchemaPart {
  /** Of an object; empty for anything else, and where the schema has no part. */
  readonly fields: readonly string[]
  readonly presence: 'required' | 'optional'
}

/** A secret in the place of its source is a frequent mistake: of a field such as clientSecret, no value is shown. */
function showField(path: FieldPath, value: unknown): string {
  const isText = typeof value === 'string' || typeof value === 'number'
  return isText && namesSecret(String(path.at(-1)))
    ? `a ${typeof value === 'string' ? 'text' : 'number'}, not shown`
    : showValue(value)
}

/** The only object among its sibling fields that has such a field: the indentation is probably wrong. */
function parentOf(
  key: string,
  known: readonly string[],
  { schema, path }: { readonly schema: unknown; readonly path: FieldPath },
): string | undefined {
  const parents = known.filter((field) => partAt(schema, [...path, field]).fields.includes(key))
  return parents.length === 1 ? parents[0] : undefined
}

interface Expectation {
  readonly known: readonly string[]
  readonly parent: string | undefined
}

function unknownField(path: FieldPath, key: string, { known, parent }: Expectation): FieldProblem {
  const meant = nearest(key, known)
  const others = meant === undefined ? `one of: ${known.join(', ')}` : quote(meant)
  return {
    path: [...path, key],
    predicate: 'is not a known field',
    expected: parent === undefined ? others : `it as a field of ${renderPath([...path, parent])}, indented below it`,
    at: 'key',
  }
}

/** A single item in place of a list of one is a frequent mistake. */
function asList(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code !== 'invalid_type' || issue.expected !== 'array' || typeof value !== 'string') return undefined
  const shown = showValue(value)
  return /^"[\w.:/-]{1,80}"$/.test(shown) ? `a list, such as [${shown.slice(1, -1)}]` : undefined
}

function countItems(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? `a list of ${value.length} items` : showValue(value)
}

function valueAt(whole: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (value, step) => (mayHold(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    whole,
  )
}

/** An object or a list. */
function mayHold(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}

/** A problem of a document or a variable; `refuse` combines several into one error. */
export interface DocumentProblem {
  /** Position and value: `pull.yaml:12:7: spec.secretName is "Reg"`. */
  readonly seen: string
  readonly expected: string
}

const shownProblems = 12

/** One error for all problems, starting with the first. Without `hint`, `expected` states the fix. */
export function refuse(
  code: ErrorCode,
  findings: readonly [DocumentProblem, ...DocumentProblem[]],
  hint?: string,
): PullpassError {
  const [first, ...others] = findings
  const lines = others.slice(0, shownProblems).map(({ seen, expected }) => `${seen}, expected ${expected}`)
  const rest = others.length - lines.length
  return new PullpassError({
    code,
    hop: 'document',
    seen: first.seen,
    expected: first.expected,
    also: [...lines, ...(rest > 0 ? [`${rest} more ${rest === 1 ? 'problem' : 'problems'}`] : [])],
    hint,
  })
}

/** The path of a field within a document. */
export type FieldPath = readonly (string | number)[]

export interface FieldProblem {
  readonly path: FieldPath
  /** Predicate of the field: `is "Reg"`, `is missing`, `names 2 vendors: …`. */
  readonly predicate: string
  readonly expected: string
  /** The field's name is wrong, not its value. */
  readonly at?: 'key'
  /** Reported after the others: a missing field is often misspelt, and then an unknown field is the cause. */
  readonly order?: 'last'
}

/** `spec.registries[0].hosts[1]`; `the document` for an empty path. */
export function renderPath(path: FieldPath): string {
  return path.length === 0 ? 'the document' : path.map(renderStep).join('').replace(/^\./, '')
}

function renderStep(step: string | number): string {
  return typeof step === 'string' && isPlain(step) ? `.${step}` : `[${showValue(step)}]`
}

const isPlain = (name: string) => /^[\w-]{1,40}$/.test(name) && showValue(name) === `"${name}"`
