/**
 * Tables with aligned columns. Nothing is truncated, so that values can be pasted; on a terminal the last column wraps
 * between words.
 */
import { plainLine } from '../text/plain-text.ts'
import { rfc3339 } from '../text/time.ts'

/** Text; `good` is green and `bad` is red on a terminal. */
export type Cell = string | { readonly text: string; readonly tone: 'good' | 'bad' }

export interface Table {
  readonly header?: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Of columns, at least: for rows that continue another table. */
  readonly widths?: readonly number[]
}

const gap = '  '

/** ECMA-48 §8.3.117 (SGR): start and end. */
const styles = { bold: [1, 22], good: [32, 39], bad: [31, 39] } as const

/** A narrower last column is not wrapped: one word per line is hard to read. */
const narrowest = 24

/**
 * Without a final line end; empty without header and rows. `columns`: width of the terminal; absent: lines are not wrapped.
 */
export function renderTable(table: Table, color: 'always' | 'never', columns?: number): string {
  const { header, rows } = table
  const lines = header === undefined ? rows : [header, ...rows]
  const widths = columnWidths(table)
  const form: RowForm = { widths, colored: color === 'always', columns: columns ?? Number.POSITIVE_INFINITY }
  return lines
    .flatMap((cells, at) => renderRow(cells, form, header !== undefined && at === 0 ? 'bold' : undefined))
    .join('\n')
}

interface RowForm {
  readonly widths: readonly number[]
  readonly colored: boolean
  readonly columns: number
}

/** The lines of one row: the last cell can have several. */
function renderRow(
  cells: readonly Cell[],
  { widths, colored, columns }: RowForm,
  heading: 'bold' | undefined,
): string[] {
  const last = cells.findLastIndex((cell) => textOf(cell) !== '')
  const final = cells[last]
  if (final === undefined) return ['']
  const before = cells
    .slice(0, last)
    .map((cell, column) => renderCell(cell, { width: widths[column] ?? 0, colored, heading }) + gap)
    .join('')
  const indent = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0)
  const width = columns - indent
  const texts = width < narrowest ? [textOf(final)] : wrapWords(textOf(final), width)
  const tone = typeof final === 'string' ? undefined : final.tone
  return texts.map((text, at) => {
    const cell = tone === undefined ? text : { text, tone }
    return (at === 0 ? before : ' '.repeat(indent)) + renderCell(cell, { width: 0, colored, heading })
  })
}

/** Words longer than a line are not divided. */
function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

export function columnWidths({ header = [], rows, widths: least = [] }: Table): number[] {
  const widths = [...least]
  for (const cells of [header, ...rows]) {
    cells.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, textOf(cell).length)
    })
  }
  return widths
}

interface CellForm {
  readonly width: number
  readonly colored: boolean
  readonly heading: 'bold' | undefined
}

function renderCell(cell: Cell, { width, colored, heading }: CellForm): string {
  const text = textOf(cell)
  const style = heading ?? (typeof cell === 'string' ? undefined : cell.tone)
  const shown = colored && style !== undefined ? styled(text, styles[style]) : text
  return shown + ' '.repeat(Math.max(0, width - text.length))
}

const styled = (text: string, [begin, end]: readonly [number, number]) => `\x1b[${begin}m${text}\x1b[${end}m`

/** Claims and annotations can contain control characters: they are replaced. */
function textOf(cell: Cell): string {
  return plainLine(typeof cell === 'string' ? cell : cell.text)
}

// Relative time

const units: readonly [word: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
]

/** `in 60 min`, `3 h ago`, `now`: to the nearest minute, then rounded down in the largest unit of which there are two. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = Math.trunc((at.getTime() - now.getTime()) / 1000)
  if (seconds === 0) return 'now'
  const exact = Math.abs(seconds)
  const distance = exact < 120 ? exact : Math.round(exact / 60) * 60
  const [word, length] = units.find(([, unit]) => distance >= 2 * unit) ?? ['s', 1]
  const amount = `${Math.floor(distance / length)} ${word}`
  return seconds > 0 ? `in ${amount}` : `${amount} ago`
}

/** The instant itself too, to be pasted: `2025-11-24T12:00:00Z (in 58 min)`. */
export function instantAndDistance(at: Date, now: Date): string {
  return `${rfc3339(at)} (${relativeTime(at, now)})`
}
