/** What destroy did, or would do, as a table or for programs. */
import { plainLine } from '../../outside/plain-text.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import { type Cell, renderTable } from '../../terminal/render-table.ts'
import type { Removal } from '../../trust/destroy-trust.ts'
import type { Terminal } from '../command.ts'
import { reportFault } from '../report-fault.ts'

interface Printed {
  readonly flags: { readonly output: 'json' | 'yaml' | undefined; readonly 'dry-run': boolean }
  readonly terminal: Terminal
}

export async function printRemovals(removals: readonly Removal[], { flags, terminal }: Printed): Promise<void> {
  if (flags.output !== undefined) {
    const items = removals.map(({ fault, ...removal }) => ({ ...removal, ...reportFault(fault) }))
    terminal.print(await renderStructured({ removals: items }, flags.output))
    return
  }
  const rows = removals.map(({ name, result }): Cell[] => [{ text: result, tone: toneOf(result) }, name])
  const notes = removals.flatMap((removal) => notesOf(removal).map((note) => `note: ${removal.name}: ${note}`))
  const parts = [
    renderTable({ header: ['RESULT', 'NAME'], rows }, terminal.color),
    ...(notes.length === 0 ? [] : [notes.map(plainLine).join('\n')]),
    ...(flags['dry-run'] ? ['Dry run: nothing was removed, and nothing written.'] : []),
  ]
  terminal.print(parts.join('\n\n'))
}

const bad: readonly Removal['result'][] = ['failed', 'declined', 'unfinished', 'not done']
const toneOf = (result: Removal['result']) => (bad.includes(result) ? 'bad' : 'good')

const notesOf = ({ note, result }: Removal): readonly string[] =>
  result === 'unfinished'
    ? ['the run ended while it was removed: the next run sees whether it is there']
    : note === undefined
      ? []
      : [note]
