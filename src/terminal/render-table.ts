/** Results for people: aligned columns, nothing cut, so that what is shown can be pasted. */
import { plainLine } from '../outside/plain-text.ts'

/** Text alone, or text that a terminal shows in colour: good is green, bad is red. */
export type Cell = string | { readonly text: string; readonly tone: 'good' | 'bad' }

export interface Table {
  readonly header?: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

const gap = '  '

/** ECMA-48 §8.3.117 (SGR): how each begins and ends. */
const styles = { bold: [1, 22], good: [32, 39], bad: [31, 39] } as const

/** Lines without one at the end; empty where there are neither header nor rows. */
export function renderTable({ header, rows }: Table, color: 'always' | 'never'): string {
  const lines = header === undefined ? rows : [header, ...rows]
  const widths = columnWidths(lines)
  return lines
    .map((cells, at) => {
      const style = header !== undefined && at === 0 ? 'bold' : undefined
      const last = cells.findLastIndex((cell) => textOf(cell) !== '')
      return cells
        .slice(0, last + 1)
        .map((cell, column) => renderCell(cell, column === last ? 0 : (widths[column] ?? 0), color === 'always', style))
        .join(gap)
    })
    .join('\n')
}

function columnWidths(lines: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = []
  for (const cells of lines) {
    cells.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, textOf(cell).length)
    })
  }
  return widths
}

function renderCell(cell: Cell, width: number, colored: boolean, heading: 'bold' | undefined): string {
  const text = textOf(cell)
  const style = heading ?? (typeof cell === 'string' ? undefined : cell.tone)
  const shown = colored && style !== undefined ? styled(text, styles[style]) : text
  return shown + ' '.repeat(Math.max(0, width - text.length))
}

const styled = (text: string, [begin, end]: readonly [number, number]) => `\x1b[${begin}m${text}\x1b[${end}m`

/** A claim or an annotation can hold anything: what would steer the terminal, or break the line, is shown as a sign. */
function textOf(cell: Cell): string {
  return plainLine(typeof cell === 'string' ? cell : cell.text)
}
