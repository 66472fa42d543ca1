/** What apply did, as a table or for programs: for each resource its result, and for each registry whether it works now. */
import { renderStructured } from '../../terminal/render-structured.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { StepOutcome } from '../../trust/apply.ts'
import type { Removal } from '../../trust/destroy.ts'
import type { Proof } from '../../trust/prove.ts'
import { describeMissing } from '../../vendors/trust-contract.ts'
import type { Terminal } from '../command.ts'
import { reportFault } from '../report-error.ts'

interface Printed {
  readonly flags: { readonly output: 'json' | 'yaml' | undefined }
  readonly terminal: Terminal
}

export async function printApplied(
  outcomes: readonly StepOutcome[],
  proofs: readonly Proof[],
  { flags, terminal }: Printed,
): Promise<void> {
  if (flags.output !== undefined) {
    terminal.print(await renderStructured(report(outcomes, proofs), flags.output))
    return
  }
  const rows = outcomes.map(rowOf)
  const notes = outcomes.flatMap((outcome) => notesOf(outcome).map((note) => `note: ${outcome.name}: ${note}`))
  terminal.print(
    [
      renderTable({ header: ['RESULT', 'KIND', 'NAME'], rows }, terminal.color),
      ...(notes.length === 0 ? [] : [notes.map(plainLine).join('\n')]),
      renderProofs(outcomes, proofs, terminal.color),
    ].join('\n\n'),
  )
}

function notesOf({ finding, missingNeeds, result }: StepOutcome): readonly string[] {
  if (missingNeeds !== undefined)
    return [`blocked by ${describeMissing(missingNeeds)}; the next run creates it once that is in place`]
  const unfinished = result === 'unfinished' ? ['the run ended while it was made: the next run sees whether it is'] : []
  return [...(finding?.notes ?? []), ...unfinished]
}

function rowOf({ kind, name, result }: StepOutcome): Cell[] {
  const good = result === 'made' || result === 'unchanged'
  return [{ text: result, tone: good ? 'good' : 'bad' }, kind, name]
}

function renderProofs(outcomes: readonly StepOutcome[], proofs: readonly Proof[], color: 'always' | 'never'): string {
  if (proofs.length === 0) return whyUntried(outcomes)
  const rows = proofs.map((proof): Cell[] => {
    const tone = proof.result === 'works' ? 'good' : 'bad'
    const why = proof.result === 'untried' ? `no token to try it with: ${proof.fault.seen}` : ''
    return [{ text: proof.result, tone }, proof.name, why]
  })
  const table = renderTable({ header: ['TRIED', 'WHAT', ''], rows }, color)
  return proofs.some(({ result }) => result === 'untried') ? `${table}\n\n${notProven}` : table
}

const notProven = 'What was not tried is not proven: run it again when it can be, or say --no-trial.'

function whyUntried(outcomes: readonly StepOutcome[]): string {
  if (outcomes.some(({ result }) => result === 'not done' || result === 'unfinished'))
    return 'Nothing was tried: the run ended before.'
  if (outcomes.some(({ result }) => result !== 'made' && result !== 'unchanged'))
    return 'Nothing was tried: what failed comes first.'
  return 'Nothing was tried.'
}

const report = (outcomes: readonly StepOutcome[], proofs: readonly Proof[]): object => ({
  outcomes: outcomes.map(({ kind, name, finding, result, fault, missingNeeds }) => ({
    kind,
    name,
    result,
    ...(finding && { changes: missingNeeds ? [] : finding.changes.map(({ says }) => says), notes: finding.notes }),
    ...(missingNeeds && { missingNeeds }),
    ...reportFault(fault),
  })),
  trials: proofs.map((proof) => ({
    name: proof.name,
    result: proof.result,
    ...reportFault('fault' in proof ? proof.fault : undefined),
  })),
})

/** What destroy did, or would do, as a table or for programs. */
interface PrintedRemovals {
  readonly flags: { readonly output: 'json' | 'yaml' | undefined; readonly 'dry-run': boolean }
  readonly terminal: Terminal
}

export async function printRemovals(removals: readonly Removal[], { flags, terminal }: PrintedRemovals): Promise<void> {
  if (flags.output !== undefined) {
    const items = removals.map(({ fault, ...removal }) => ({ ...removal, ...reportFault(fault) }))
    terminal.print(await renderStructured({ removals: items }, flags.output))
    return
  }
  const rows = removals.map(({ name, result }): Cell[] => [{ text: result, tone: toneOf(result) }, name])
  const notes = removals.flatMap((removal) => notesOfRemoval(removal).map((note) => `note: ${removal.name}: ${note}`))
  const parts = [
    renderTable({ header: ['RESULT', 'NAME'], rows }, terminal.color),
    ...(notes.length === 0 ? [] : [notes.map(plainLine).join('\n')]),
    ...(flags['dry-run'] ? ['Dry run: nothing was removed, and nothing written.'] : []),
  ]
  terminal.print(parts.join('\n\n'))
}

const bad: readonly Removal['result'][] = ['failed', 'declined', 'unfinished', 'not done']
const toneOf = (result: Removal['result']) => (bad.includes(result) ? 'bad' : 'good')

const notesOfRemoval = ({ note, result }: Removal): readonly string[] =>
  result === 'unfinished'
    ? ['the run ended while it was removed: the next run sees whether it is there']
    : note === undefined
      ? []
      : [note]
