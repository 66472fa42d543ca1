/** What destroy did, or would do, as a table or for programs. */
import type { Context } from '../../http/context.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { Removal } from '../../trust/destroy.ts'
import { describeSkipped, type SkippedRegistry } from '../../trust/needs.ts'
import type { Terminal } from '../command-line/command.ts'
import { errorOf, overall, renderResult } from '../command-line/output.ts'
import type { DestroyedResource, TrustDestroyResult } from '../output/trust.ts'

interface PrintedRemovals {
  readonly context: Pick<Context, 'secrets'>
  readonly flags: { readonly output: 'json' | 'yaml' | undefined; readonly 'dry-run': boolean }
  readonly terminal: Pick<Terminal, 'print' | 'color' | 'columns'>
}

export async function printRemovals(
  removals: readonly Removal[],
  skipped: readonly SkippedRegistry[],
  { flags, context, terminal }: PrintedRemovals,
): Promise<void> {
  if (flags.output !== undefined) {
    terminal.print(
      await renderResult(destroyResult(removals, skipped, flags['dry-run']), flags.output, context.secrets),
    )
    return
  }
  const rows = removals.map(({ kind, name, result }): Cell[] => [
    { text: removalResult(result), tone: toneOf(result) },
    kind,
    name,
  ])
  const notes = [
    ...removals.flatMap((removal) => notesOfRemoval(removal).map((note) => `note: ${removal.name}: ${note}`)),
    ...skipped.map((one) => `note: ${describeSkipped(one)}`),
  ]
  const parts = [
    renderTable({ header: ['RESULT', 'KIND', 'NAME'], rows }, terminal.color, terminal.columns),
    ...(notes.length === 0 ? [] : [notes.map(plainLine).join('\n')]),
    ...(flags['dry-run'] ? ['Dry run: nothing was deleted.'] : []),
  ]
  terminal.print(parts.join('\n\n'))
}

const bad: readonly Removal['result'][] = ['failed', 'declined', 'unfinished', 'not-started']
const toneOf = (result: Removal['result']) => (bad.includes(result) ? 'bad' : 'good')

const notesOfRemoval = ({ note, result }: Removal): readonly string[] =>
  result === 'unfinished'
    ? ['the run ended during the deletion: the next run reads whether it still exists']
    : note === undefined
      ? []
      : [note]

const destroyResult = (
  removals: readonly Removal[],
  skipped: readonly SkippedRegistry[],
  dryRun: boolean,
): TrustDestroyResult => ({
  kind: 'TrustDestroyResult',
  result: overall(removals.every(isRemoved) ? 0 : 1),
  dryRun,
  resources: removals.map(({ vendor, kind, name, result, note, fault }) => ({
    vendor,
    kind,
    name,
    result: removalResult(result),
    notes: note === undefined ? [] : [note],
    ...errorOf(fault),
  })),
  skippedRegistries: skipped,
})

/** Kept resources count: another owner has them. */
export const isRemoved = ({ result }: Removal): boolean => !bad.includes(result)

function removalResult(result: Removal['result']): DestroyedResource['result'] {
  if (result === 'removed') return 'deleted'
  if (result === 'remove') return 'would-delete'
  return result
}
