/** The result of a refresh: a table, a document for programs, and the errors. */
import type { PullpassError } from '../../errors/pullpass-error.ts'
import { isDone, type Outcome, type RegistryOutcome, type ServiceAccountOutcome } from '../../refresh/outcome.ts'
import { type ErrorForm, listNamespaces, renderError } from '../../terminal/render-error.ts'
import { type Cell, instantAndDistance, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import { errorOf, instant, overall } from '../command-line/output.ts'
import type { RefreshedRegistry, RefreshedSecret, RefreshResult } from '../output/refresh.ts'

/** Up to this number of Secrets are shown one by one; more are grouped. */
const few = 20

export interface OutcomesForm {
  readonly mode: 'write' | 'dry-run'
  readonly now: Date
  readonly color: 'always' | 'never'
  readonly columns?: number | undefined
}

export function renderOutcomes(outcomes: readonly Outcome[], { mode, now, color, columns }: OutcomesForm): string {
  const rows = outcomes.flatMap((outcome) => rowsOf(outcome, mode))
  const noted = rows.some(({ note }) => note !== '')
  const header = ['DOCUMENT', 'SECRET', 'REGISTRY', 'RESULT', 'EXPIRES', ...(noted ? ['NOTE'] : [])]
  const shown = outcomes.length <= few ? rows : gather(rows)
  const table = renderTable({ header, rows: shown.map((row) => cellsOf(row, now)) }, color, columns)
  return mode === 'dry-run' ? `${table}\n${renderDryRun(outcomes)}` : table
}

/** Nothing was exchanged if all Secrets were fresh or skipped. */
function renderDryRun(outcomes: readonly Outcome[]): string {
  const exchanged = outcomes.some(
    ({ result, registries }) => result !== 'unchanged' && result !== 'skipped' && registries.length > 0,
  )
  return `Dry run: nothing was stored.${exchanged ? ' Exchanges and token requests were real.' : ''}`
}

interface Row {
  readonly document: string
  readonly namespace: string
  readonly secretName: string
  readonly registry: string
  readonly result: string
  readonly expiresAt: RegistryOutcome['expiresAt']
  readonly note: string
}

function rowsOf(outcome: Outcome, mode: OutcomesForm['mode']): Row[] {
  const { document, namespace = '(no namespace)', secretName, note = '' } = outcome
  const base = { document, namespace, secretName, note }
  if (outcome.registries.length === 0) {
    return [{ ...base, registry: '', result: secretResult(outcome, mode), expiresAt: undefined }]
  }
  return outcome.registries.map((registry) => ({
    ...base,
    registry: registry.name,
    result: resultOf(outcome, registry, mode),
    expiresAt: registry.expiresAt,
  }))
}

/** `kept`: the earlier entry, after a failed exchange or write. */
function resultOf(outcome: Outcome, { state, fault }: RegistryOutcome, mode: OutcomesForm['mode']): string {
  if (fault === undefined && outcome.result !== 'failed') return secretResult(outcome, mode)
  return state === 'kept' ? 'failed, kept' : 'failed'
}

/** Merges rows that differ only in the namespace. */
function gather(rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, ({ document, secretName, registry, result, expiresAt, note }) =>
    JSON.stringify([document, secretName, registry, result, expiresAt, note]),
  )
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    return [others.length === 0 ? first : { ...first, namespace: `${others.length + 1} namespaces` }]
  })
}

function cellsOf({ document, namespace, secretName, registry, result, expiresAt, note }: Row, now: Date): Cell[] {
  const expires = expiresAt instanceof Date ? instantAndDistance(expiresAt, now) : (expiresAt ?? '')
  const tone = result.startsWith('failed') ? 'bad' : 'good'
  return [document, `${namespace}/${secretName}`, registry, { text: result, tone }, expires, note]
}

// The result for programs

export const refreshResult = (outcomes: readonly Outcome[], mode: 'write' | 'dry-run'): RefreshResult => ({
  kind: 'RefreshResult',
  result: overall(outcomes.every(isDone) ? 0 : 1),
  dryRun: mode === 'dry-run',
  secrets: outcomes.map((outcome) => refreshedSecret(outcome, mode)),
})

function refreshedSecret(outcome: Outcome, mode: 'write' | 'dry-run'): RefreshedSecret {
  const { document, namespace, secretName, registries, serviceAccounts, rewritten, note, fault } = outcome
  return {
    document,
    ...(namespace !== undefined && { namespace }),
    name: secretName,
    result: secretResult(outcome, mode),
    registries: registries.map(refreshedRegistry),
    ...(serviceAccounts && { serviceAccounts: serviceAccounts.map((account) => attached(account, mode)) }),
    ...(rewritten && { rewrittenFields: rewritten }),
    notes: note === undefined ? [] : [note],
    ...errorOf(fault),
  }
}

function secretResult({ result }: Outcome, mode: 'write' | 'dry-run'): RefreshedSecret['result'] {
  return mode === 'write' ? result : (planned[result] ?? result)
}

/** Results of a dry run. */
const planned: Partial<Record<Outcome['result'], RefreshedSecret['result']>> = {
  created: 'would-create',
  updated: 'would-update',
  deleted: 'would-delete',
}

const refreshedRegistry = ({
  name,
  hosts,
  state,
  expiresAt,
  waitsUntil,
  fault,
}: RegistryOutcome): RefreshedRegistry => ({
  name,
  hosts,
  result: state,
  ...(expiresAt instanceof Date && { expiresAt: instant(expiresAt) }),
  ...(waitsUntil && { exchangeableAt: instant(waitsUntil) }),
  ...errorOf(fault),
})

const attached = ({ name, result, fault }: ServiceAccountOutcome, mode: 'write' | 'dry-run') => ({
  name,
  result: mode === 'write' ? result : (plannedOfAccount[result] ?? result),
  ...errorOf(fault),
})

const plannedOfAccount: Partial<
  Record<ServiceAccountOutcome['result'], NonNullable<RefreshedSecret['serviceAccounts']>[number]['result']>
> = { attached: 'would-attach', detached: 'would-detach' }

// The errors: each cause once, with the affected namespaces

/** Number of causes per code that are shown completely as text. */
const shownWhole = 3

/** Empty without errors. */
export function renderErrors(outcomes: readonly Outcome[], form: ErrorForm): string {
  const byCode = Map.groupBy(gatherCauses(outcomes, form), ({ fault }) => fault.code)
  return [...byCode.values()].flatMap((causes) => renderCauses(causes, form)).join('\n')
}

interface Cause {
  readonly fault: PullpassError
  readonly namespaces: readonly string[]
}

/** As text, errors of one code and cause are shown once. */
function gatherCauses(outcomes: readonly Outcome[], { format }: ErrorForm): Cause[] {
  const causes = new Map<unknown, { readonly fault: PullpassError; readonly namespaces: Set<string> }>()
  for (const { namespace, fault, registries } of outcomes) {
    for (const found of [fault, ...registries.map((registry) => registry.fault)]) {
      if (found === undefined) continue
      const key = format === 'json' ? found : JSON.stringify([found.code, found.causeKey ?? found.message])
      const { namespaces } = causes.get(key) ?? {}
      if (namespaces === undefined) causes.set(key, { fault: found, namespaces: new Set(namespace && [namespace]) })
      else if (namespace !== undefined) namespaces.add(namespace)
    }
  }
  return [...causes.values()].map(({ fault, namespaces }) => ({ fault, namespaces: [...namespaces] }))
}

/** JSON contains all errors. */
function renderCauses(causes: readonly Cause[], form: ErrorForm): string[] {
  const whole = form.format === 'json' ? causes : causes.slice(0, shownWhole)
  const rest = causes.slice(whole.length)
  const also =
    rest.length > 0
      ? [plainLine(`${rest[0]?.fault.code} also in ${listNamespaces(rest.flatMap(({ namespaces }) => namespaces))}`)]
      : []
  return [...whole.map(({ fault, namespaces }) => renderError(fault, form, namespaces)), ...also]
}
