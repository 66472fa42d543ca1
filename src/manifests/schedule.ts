/**
 * The CronJob's schedule, and the remaining lifetime that a run accepts. Default: every 15 minutes, at minutes that differ between
 * installations to spread the load on clouds. A credential of one hour:
 *
 *   0 min        15 min       30 min               45 min       60 min
 *   minted ────▶ stays ─────▶ exchanged ──(or)───▶ exchanged ─▶ expired
 *
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */
import { createHash } from 'node:crypto'
import type { Document } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'

export interface Schedule {
  readonly cron: string
  /** The longest interval between two runs; infinite if there are days without one. */
  readonly apartMinutes: number
}

const everyMinutes = 15

/** Deterministic for the documents, whatever their paths: printing the manifests again does not change it. */
export function scheduleOf(documents: readonly Document[], { namespace }: { readonly namespace: string }): Schedule {
  const content = documents.map((document) => ({ ...document, source: undefined }))
  const hash = createHash('sha256')
    .update(JSON.stringify([namespace, content]))
    .digest()
  return { cron: `${hash.readUInt32BE() % everyMinutes}-59/${everyMinutes} * * * *`, apartMinutes: everyMinutes }
}

/** A credential is refreshed unless it is valid for two more intervals and 5 minutes for a Pod to start: one run may fail. */
export const minRemainingMinutes = ({ apartMinutes }: Schedule): number => 2 * apartMinutes + 5

/** @throws USAGE_INVALID if credentials of this lifetime would expire when one run fails */
export function checkSchedule({ cron, apartMinutes }: Schedule, shortestLifeSeconds: number): void {
  const most = Math.floor(shortestLifeSeconds / 60 / 2)
  if (apartMinutes <= most) return
  const apart = Number.isFinite(apartMinutes) ? `${apartMinutes} minutes` : 'a day or more'
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--schedule is "${cron}", which leaves ${apart} between two runs`,
    expected: `at most ${most} minutes: a credential of these documents is valid for ${shortestLifeSeconds / 60}, and one run may fail`,
    command: 'pullpass manifests --help',
  })
}

const fields = [
  { name: 'minute', first: 0, last: 59, words: [] },
  { name: 'hour', first: 0, last: 23, words: [] },
  { name: 'day of the month', first: 1, last: 31, words: [] },
  {
    name: 'month',
    first: 1,
    last: 12,
    words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of the week', first: 0, last: 6, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const

type Field = (typeof fields)[number]

const expectedForm =
  'five fields in cron format: minute, hour, day of the month, month, day of the week, such as "*/10 * * * *"'

/** Five fields with the syntax of the CronJob controller; or what was expected. */
export function parseSchedule(text: string): Schedule | { readonly expected: string } {
  const parts = text.length > 256 ? [] : text.trim().split(/\s+/)
  if (parts.length !== fields.length) return { expected: expectedForm }
  const values = fields.map((field, at) => parseField(field, parts[at] ?? ''))
  const wrong = values.indexOf(undefined)
  if (wrong >= 0)
    return { expected: `${expectedForm}; ${JSON.stringify(parts[wrong])} is not a valid ${fields[wrong]?.name}` }
  const [minutes = new Set<number>(), hours = new Set<number>(), ...days] = values.map(
    (one) => one ?? new Set<number>(),
  )
  const isDaily = days.every((set, at) => set.size === lengthOf(fields[at + 2]))
  return { cron: parts.join(' '), apartMinutes: isDaily ? longestGap(minutes, hours) : Number.POSITIVE_INFINITY }
}

const lengthOf = (field: Field | undefined) => (field === undefined ? 0 : field.last - field.first + 1)

// Each of `*`, `5`, `5-20`, `*/15`, `5-59/15`, `5/15`, separated by commas.
function parseField(field: Field, text: string): Set<number> | undefined {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? []
    const ends = parseRange(field, range, step !== undefined)
    const by = step === undefined ? 1 : Number(step)
    if (ends === undefined || by === 0) return undefined
    for (let value = ends.from; value <= ends.to; value += by) values.add(value)
  }
  return values
}

function parseRange(field: Field, text: string, isStepped: boolean): { from: number; to: number } | undefined {
  if (text === '*' || text === '?') return { from: field.first, to: field.last }
  const [start, end, more] = text.split('-').map((one) => parseValue(field, one))
  if (start === undefined || more !== undefined) return undefined
  if (!text.includes('-')) return { from: start, to: isStepped ? field.last : start }
  return end === undefined || end < start ? undefined : { from: start, to: end }
}

function parseValue({ first, last, words }: Field, text: string): number | undefined {
  const word = (words as readonly string[]).indexOf(text.toLowerCase())
  const value = word >= 0 ? word + first : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  return value >= first && value <= last ? value : undefined
}

/** Minutes between consecutive runs, also across midnight. */
function longestGap(minutes: ReadonlySet<number>, hours: ReadonlySet<number>): number {
  const day = 24 * 60
  const runs = [...hours].flatMap((hour) => [...minutes].map((minute) => hour * 60 + minute)).toSorted((a, b) => a - b)
  const [first = 0] = runs
  return Math.max(...runs.map((run, at) => (runs[at + 1] ?? first + day) - run))
}
