/** What apply did, as a table or for programs: for each resource its result, and for each registry whether it works now. */
import type { Context } from '../../http/context.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { StepOutcome } from '../../trust/apply.ts'
import type { Removal } from '../../trust/destroy.ts'
import type { VerificationResult } from '../../trust/verify.ts'
import { describeMissing } from '../../vendors/trust-contract.ts'
import type { Terminal } from '../command-line/command.ts'
import { errorOf, overall, renderResult, resultText } from '../command-line/output.ts'
import type { AppliedResource, DestroyedResource, TrustApplyResult, TrustDestroyResult } from '../output/trust.ts'
import { changeItem, missingItems } from './plan-report.ts'

interface Printed {
  readonly context: Pick<Context, 'secrets'>
  readonly flags: { readonly output: 'json' | 'yaml' | undefined }
  readonly terminal: Terminal
}

export async function printApplied(
  outcomes: readonly StepOutcome[],
  proofs: readonly VerificationResult[],
  { flags, context, terminal }: Printed,
): Promise<void> {
  if (flags.output !== undefined) {
    terminal.print(await renderResult(applyResult(outcomes, proofs), flags.output, context.secrets))
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

function rowOf(outcome: StepOutcome): Cell[] {
  const tone = isInPlace(outcome) ? 'good' : 'bad'
  return [{ text: resultText(resourceResult(outcome)), tone }, outcome.kind, outcome.name]
}

export const isInPlace = ({ result }: StepOutcome): boolean => result === 'made' || result === 'unchanged'

function renderProofs(
  outcomes: readonly StepOutcome[],
  proofs: readonly VerificationResult[],
  color: 'always' | 'never',
): string {
  if (proofs.length === 0) return whyUntried(outcomes)
  const rows = proofs.map((proof): Cell[] => {
    const tone = proof.result === 'works' ? 'good' : 'bad'
    const why = proof.result === 'untried' ? `no token to try it with: ${proof.fault.seen}` : ''
    return [{ text: proof.result, tone }, proof.name, why]
  })
  const table = renderTable({ header: ['TRIED', 'WHAT', ''], rows }, color)
  return proofs.some(({ result }) => result === 'untried') ? `${table}\n\n${notProven}` : table
}

const notProven = 'Registries that were not tried are not verified: run the command again, or pass --no-trial.'

function whyUntried(outcomes: readonly StepOutcome[]): string {
  if (outcomes.some(({ result }) => result === 'not done' || result === 'unfinished'))
    return 'Nothing was tried: the run ended before.'
  if (outcomes.some(({ result }) => result !== 'made' && result !== 'unchanged'))
    return 'Nothing was tried: what failed comes first.'
  return 'Nothing was tried.'
}

// The result for programs.

const applyResult = (outcomes: readonly StepOutcome[], proofs: readonly VerificationResult[]): TrustApplyResult => ({
  kind: 'TrustApplyResult',
  result: overall(outcomes.every(isInPlace) && proofs.every(({ result }) => result === 'works') ? 0 : 1),
  resources: outcomes.map((outcome) => ({
    kind: outcome.kind,
    name: outcome.name,
    result: resourceResult(outcome),
    changes: outcome.missingNeeds === undefined ? (outcome.finding?.changes ?? []).map(changeItem) : [],
    notes: outcome.finding?.notes ?? [],
    ...missingItems(outcome.missingNeeds),
    ...errorOf(outcome.fault),
  })),
  trials: proofs.map((proof) => ({
    name: proof.name,
    result: trials[proof.result],
    ...errorOf('fault' in proof ? proof.fault : undefined),
  })),
})

const trials = { works: 'ok', fails: 'failed', untried: 'skipped' } as const

/** `made`: by what the plan found, since one resource may have several changes. */
function resourceResult({ result, finding }: StepOutcome): AppliedResource['result'] {
  if (result === 'not done') return 'not-started'
  if (result !== 'made') return result
  const [first] = finding?.changes ?? []
  return first === undefined ? 'updated' : made[first.action]
}

const made = { create: 'created', undelete: 'undeleted', update: 'updated', grant: 'granted' } as const

/** What destroy did, or would do, as a table or for programs. */
interface PrintedRemovals {
  readonly context: Pick<Context, 'secrets'>
  readonly flags: { readonly output: 'json' | 'yaml' | undefined; readonly 'dry-run': boolean }
  readonly terminal: Pick<Terminal, 'print' | 'color'>
}

export async function printRemovals(
  removals: readonly Removal[],
  { flags, context, terminal }: PrintedRemovals,
): Promise<void> {
  if (flags.output !== undefined) {
    terminal.print(await renderResult(destroyResult(removals, flags['dry-run']), flags.output, context.secrets))
    return
  }
  const rows = removals.map(({ name, result }): Cell[] => [
    { text: resultText(removalResult(result)), tone: toneOf(result) },
    name,
  ])
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

const destroyResult = (removals: readonly Removal[], dryRun: boolean): TrustDestroyResult => ({
  kind: 'TrustDestroyResult',
  result: overall(removals.every(isRemoved) ? 0 : 1),
  dryRun,
  resources: removals.map(({ name, result, note, fault }) => ({
    name,
    result: removalResult(result),
    notes: note === undefined ? [] : [note],
    ...errorOf(fault),
  })),
})

/** Kept resources count: another owner has them. */
export const isRemoved = ({ result }: Removal): boolean => !bad.includes(result)

function removalResult(result: Removal['result']): DestroyedResource['result'] {
  if (result === 'removed') return 'deleted'
  if (result === 'remove') return 'would-delete'
  return result === 'not done' ? 'not-started' : result
}
