/** What apply did, as a table or for programs: for each resource its result, and for each registry whether it is verified. */
import type { Context } from '../../http/context.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { StepOutcome } from '../../trust/apply.ts'
import { describeSkipped, type SkippedRegistry } from '../../trust/needs.ts'
import type { VerificationResult } from '../../trust/verify.ts'
import { describeMissing } from '../../vendors/trust/contract.ts'
import type { Terminal } from '../command-line/command.ts'
import { errorOf, overall, renderResult } from '../command-line/output.ts'
import type { AppliedResource, TrustApplyResult } from '../output/trust.ts'
import { changeItem, missingItems } from './plan-report.ts'

interface Printed {
  readonly context: Pick<Context, 'secrets' | 'signal'>
  readonly flags: { readonly output: 'json' | 'yaml' | undefined }
  readonly terminal: Terminal
}

export interface Applied {
  readonly outcomes: readonly StepOutcome[]
  readonly verifications: readonly VerificationResult[]
  readonly skipped: readonly SkippedRegistry[]
}

export async function printApplied(
  { outcomes, verifications, skipped }: Applied,
  { flags, context, terminal }: Printed,
): Promise<void> {
  if (flags.output !== undefined) {
    terminal.print(await renderResult(applyResult({ outcomes, verifications, skipped }), flags.output, context.secrets))
    return
  }
  const rows = outcomes.map(rowOf)
  const notes = [
    ...outcomes.flatMap((outcome) => notesOf(outcome).map((note) => `note: ${outcome.name}: ${note}`)),
    ...skipped.map((one) => `note: ${describeSkipped(one)}`),
  ]
  terminal.print(
    [
      renderTable({ header: ['RESULT', 'KIND', 'NAME'], rows }, terminal.color, terminal.columns),
      ...(notes.length === 0 ? [] : [notes.map(plainLine).join('\n')]),
      renderVerifications({ outcomes, verifications }, terminal, context),
    ].join('\n\n'),
  )
}

function notesOf({ finding, missingNeeds, result }: StepOutcome): readonly string[] {
  if (missingNeeds !== undefined)
    return [`blocked by ${describeMissing(missingNeeds)}; the next run creates it once that is in place`]
  const unfinished =
    result === 'unfinished' ? ['the run ended during the change: the next run reads whether it was applied'] : []
  return [...(finding?.notes ?? []), ...unfinished]
}

function rowOf(outcome: StepOutcome): Cell[] {
  const tone = isInPlace(outcome) ? 'good' : 'bad'
  return [{ text: resourceResult(outcome), tone }, outcome.kind, outcome.name]
}

export const isInPlace = ({ result }: StepOutcome): boolean => result === 'changed' || result === 'unchanged'

function renderVerifications(
  { outcomes, verifications }: Pick<Applied, 'outcomes' | 'verifications'>,
  { color, columns }: Pick<Terminal, 'color' | 'columns'>,
  { signal }: Pick<Context, 'signal'>,
): string {
  if (verifications.length === 0) return signal.aborted ? endedBefore : whyNotVerified(outcomes)
  const rows = verifications.map((verification): Cell[] => {
    const tone = verification.result === 'ok' ? 'good' : 'bad'
    const why = verification.result === 'skipped' ? `no token is available: ${verification.fault.seen}` : ''
    return [
      { text: verification.result, tone },
      verification.registry,
      verification.document,
      verification.cluster,
      why,
    ]
  })
  const table = renderTable({ header: ['RESULT', 'REGISTRY', 'DOCUMENT', 'CLUSTER', ''], rows }, color, columns)
  const notes = [
    ...(verifications.some(({ result }) => result === 'skipped') ? [notVerified] : []),
    ...(outcomes.every(isInPlace) ? [] : [notVerifiedAt(outcomes)]),
    ...(signal.aborted ? ['Registries that are not listed are not verified: the run ended before.'] : []),
  ]
  return [table, ...notes].join('\n\n')
}

/** Registries of a vendor are verified if its resources are in place. */
function notVerifiedAt(outcomes: readonly StepOutcome[]): string {
  const vendors = new Set(outcomes.filter((outcome) => !isInPlace(outcome)).map(({ vendor }) => vendor))
  return `Registries of ${[...vendors].join(', ')} are not verified: not all of their resources are in place.`
}

const notVerified = 'Skipped registries are not verified: run the command again, or pass --no-verify.'

const endedBefore = 'Not verified: the run ended before.'

function whyNotVerified(outcomes: readonly StepOutcome[]): string {
  if (!outcomes.every(isInPlace)) return 'Not verified: not all resources are in place.'
  return 'Not verified.'
}

// The result for programs.

const applyResult = ({ outcomes, verifications, skipped }: Applied): TrustApplyResult => ({
  kind: 'TrustApplyResult',
  result: overall(outcomes.every(isInPlace) && verifications.every(({ result }) => result === 'ok') ? 0 : 1),
  resources: outcomes.map((outcome) => ({
    vendor: outcome.vendor,
    kind: outcome.kind,
    name: outcome.name,
    result: resourceResult(outcome),
    changes: outcome.missingNeeds === undefined ? (outcome.finding?.changes ?? []).map(changeItem) : [],
    notes: outcome.finding?.notes ?? [],
    ...missingItems(outcome.missingNeeds),
    ...errorOf(outcome.fault),
  })),
  verifications: verifications.map((verification) => ({
    cluster: verification.cluster,
    document: verification.document,
    registry: verification.registry,
    result: verification.result,
    ...errorOf('fault' in verification ? verification.fault : undefined),
  })),
  skippedRegistries: skipped,
})

/** `changed`: by what the plan found, since one resource may have several changes. A deletion is of another resource: an update of this one. */
function resourceResult({ result, finding }: StepOutcome): AppliedResource['result'] {
  if (result !== 'changed') return result
  const [first] = finding?.changes ?? []
  return first === undefined ? 'updated' : changed[first.action]
}

const changed = {
  create: 'created',
  undelete: 'undeleted',
  update: 'updated',
  grant: 'granted',
  delete: 'updated',
} as const
