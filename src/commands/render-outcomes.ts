/** What a refresh did, for people: for each Secret and registry what happened, and until when it is good. */
import type { Outcome, RegistryOutcome } from '../refresh/outcome.ts'
import { instantAndDistance } from '../terminal/relative-time.ts'
import { type Cell, renderTable } from '../terminal/render-table.ts'

/** So many Secrets are shown one by one; more of them by what they have in common. */
const few = 20

export interface OutcomesForm {
  readonly mode: 'write' | 'dry-run'
  readonly now: Date
  readonly color: 'always' | 'never'
}

export function renderOutcomes(outcomes: readonly Outcome[], { mode, now, color }: OutcomesForm): string {
  const rows = outcomes.flatMap((outcome) => rowsOf(outcome, mode))
  const noted = rows.some(({ note }) => note !== '')
  const header = ['DOCUMENT', 'SECRET', 'REGISTRY', 'RESULT', 'EXPIRES', ...(noted ? ['NOTE'] : [])]
  const shown = outcomes.length <= few ? rows : gather(rows)
  const table = renderTable({ header, rows: shown.map((row) => cellsOf(row, now)) }, color)
  return mode === 'dry-run' ? `${table}\n${renderDryRun(outcomes)}` : table
}

/** Where all were fresh, or could not be written at all, nothing was exchanged. */
function renderDryRun(outcomes: readonly Outcome[]): string {
  const exchanged = outcomes.some(
    ({ result, registries }) => (result === 'written' || result === 'failed') && registries.length > 0,
  )
  return `Dry run: nothing was stored.${exchanged ? ' Exchanges and token requests were real.' : ''}`
}

interface Row {
  readonly document: string
  readonly namespace: string
  readonly secretName: string
  readonly registry: string
  readonly result: string
  readonly expiresAt: Date | undefined
  readonly note: string
}

function rowsOf(outcome: Outcome, mode: OutcomesForm['mode']): Row[] {
  const { document, namespace = '(no namespace)', secretName, note = '' } = outcome
  const base = { document, namespace, secretName, note }
  if (outcome.registries.length === 0) {
    return [{ ...base, registry: '', result: outcome.result, expiresAt: undefined }]
  }
  return outcome.registries.map((registry) => ({
    ...base,
    registry: registry.name,
    result: resultOf(outcome, registry, mode),
    expiresAt: registry.expiresAt,
  }))
}

/** What failed, the exchange or the writing, leaves an earlier entry where there is one: `kept`. */
function resultOf({ result }: Outcome, { state, fault }: RegistryOutcome, mode: OutcomesForm['mode']): string {
  if (fault === undefined && result === 'written') return mode === 'dry-run' ? 'would write' : result
  if (fault === undefined && result !== 'failed') return result
  return state === 'kept' ? 'failed, kept' : 'failed'
}

/** Rows that differ in their namespace alone become one. */
function gather(rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, ({ document, secretName, registry, result, expiresAt, note }) =>
    JSON.stringify([document, secretName, registry, result, expiresAt?.getTime(), note]),
  )
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    return [others.length === 0 ? first : { ...first, namespace: `${others.length + 1} namespaces` }]
  })
}

function cellsOf({ document, namespace, secretName, registry, result, expiresAt, note }: Row, now: Date): Cell[] {
  const expires = expiresAt === undefined ? '' : instantAndDistance(expiresAt, now)
  const tone = result.startsWith('failed') ? 'bad' : 'good'
  return [document, `${namespace}/${secretName}`, registry, { text: result, tone }, expires, note]
}
