/** What a refresh did, for people: for each Secret and registry what happened, and until when it is good. */
import type { Outcome, RegistryOutcome } from '../refresh/outcome.ts'
import { instantAndDistance } from '../terminal/relative-time.ts'
import { type Cell, renderTable } from '../terminal/render-table.ts'

/** So many Secrets are shown one by one; more of them by what they have in common. */
const few = 20

export function renderOutcomes(outcomes: readonly Outcome[], now: Date, color: 'always' | 'never'): string {
  if (outcomes.length === 0) return 'no namespace is chosen'
  const rows = outcomes.flatMap((outcome) => rowsOf(outcome, now))
  const noted = rows.some(({ note }) => note !== '')
  const header = ['DOCUMENT', 'SECRET', 'REGISTRY', 'RESULT', 'EXPIRES', ...(noted ? ['NOTE'] : [])]
  return renderTable({ header, rows: (outcomes.length <= few ? rows : gather(rows)).map(cellsOf) }, color)
}

interface Row {
  readonly document: string
  readonly namespace: string
  readonly secretName: string
  readonly registry: string
  readonly result: string
  readonly expires: string
  readonly note: string
}

function rowsOf(outcome: Outcome, now: Date): Row[] {
  const { document, namespace, secretName, note = '' } = outcome
  const base = { document, namespace, secretName, note }
  if (outcome.registries.length === 0) return [{ ...base, registry: '', result: outcome.result, expires: '' }]
  return outcome.registries.map((registry) => ({
    ...base,
    registry: registry.name,
    result: resultOf(outcome, registry),
    expires: expiryOf(registry, now),
  }))
}

/** What failed, the exchange or the writing, leaves an earlier entry where there is one: `kept`. */
function resultOf({ result }: Outcome, { state, fault }: RegistryOutcome): string {
  if (fault === undefined && result !== 'failed') return result
  return state === 'kept' ? 'failed, kept' : 'failed'
}

const expiryOf = ({ expiresAt }: RegistryOutcome, now: Date) =>
  expiresAt === undefined ? '' : instantAndDistance(expiresAt, now)

/** Rows that differ in their namespace alone become one. */
function gather(rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify({ ...row, namespace: '' }))
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    return [others.length === 0 ? first : { ...first, namespace: `${others.length + 1} namespaces` }]
  })
}

function cellsOf({ document, namespace, secretName, registry, result, expires, note }: Row): Cell[] {
  const tone = result.startsWith('failed') ? 'bad' : 'good'
  return [document, `${namespace}/${secretName}`, registry, { text: result, tone }, expires, note]
}
