/** The schema library's issues as flaws of ours. How each is put into words is said in schema-parts.ts. */
import type * as z from 'zod/mini'
import { nearest } from '../outside/nearest.ts'
import { quote } from '../outside/quote.ts'
import { type FieldPath, type Flaw, isMissing } from './flaw.ts'
import { showValue } from './show-value.ts'

/** The value as its type, or all that is wrong with it. */
export function checkShape<T>(schema: z.ZodMiniType<T>, value: unknown): { readonly form: T } | readonly Flaw[] {
  const result = schema.safeParse(value)
  return result.success ? { form: result.data } : result.error.issues.flatMap((issue) => flawsOf(issue, value))
}

function flawsOf(issue: z.core.$ZodIssue, whole: unknown): Flaw[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField(path, key, issue.message.split(', ')))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, says: 'is no good key', expected: issue.issues[0]?.message ?? 'another', at: 'key' }]
  }
  const value = valueAt(whole, path)
  const counts = issue.code === 'too_big' || issue.code === 'too_small'
  const says = value === undefined ? isMissing : `is ${counts ? countItems(value) : showValue(value)}`
  return [{ path, says, expected: `${issue.message}${asList(issue, value)}` }]
}

function unknownField(path: FieldPath, key: string, known: readonly string[]): Flaw {
  const meant = nearest(key, known)
  return {
    path: [...path, key],
    says: 'is not a known field',
    expected: meant === undefined ? `one of: ${known.join(', ')}` : quote(meant),
    at: 'key',
  }
}

/** People write one item in place of a list of one. */
function asList(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_type' || issue.expected !== 'array' || typeof value !== 'string') return ''
  const shown = showValue(value)
  return /^"[\w.:/-]{1,80}"$/.test(shown) ? `, such as [${shown.slice(1, -1)}]` : ''
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

/** A list, too. */
function mayHold(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
