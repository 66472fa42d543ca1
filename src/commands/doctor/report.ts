/** The findings of doctor for people: a table of hops, then what to fix first. */
import type { HopFinding } from '../../doctor/finding.ts'
import { fixOf } from '../../errors/pullpass-error.ts'
import { listNamespaces } from '../../terminal/render-error.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { Terminal } from '../command-line/command.ts'
import { instant, overall, remedyItem } from '../command-line/output.ts'
import type { DoctorFinding, DoctorResult } from '../output/doctor.ts'

/** The number of causes that are named in addition to the first. */
const others = 5

export function renderFindings(findings: readonly HopFinding[], terminal: Pick<Terminal, 'color' | 'columns'>): string {
  return [renderRows(findings, terminal), '', ...conclusion(findings).map(plainLine)].join('\n')
}

function conclusion(findings: readonly HopFinding[]): string[] {
  const [first, ...later] = gatherCauses(findings.filter(({ result }) => result === 'failed'))
  const unseen = gatherCauses(
    findings.filter(({ result, code }) => result === 'skipped' && code === 'TOKEN_FILE_ELSEWHERE'),
  ).slice(0, 1)
  if (first !== undefined) {
    const unknown = unseen.length === 0 ? [] : ['Not checked:', ...unseen.flatMap(renderCause)]
    return ['Fix first:', ...renderCause(first), ...renderLater(later), ...unknown]
  }
  const warnings = gatherCauses(findings.filter(({ result }) => result === 'warning'))
  const shown = [...unseen, ...warnings]
  if (shown.length === 0) return ['No problems found.']
  const rest = shown.length - others
  return [...shown.slice(0, others).flatMap(renderCause), ...(rest > 0 ? [`and ${rest} more: -o json`] : [])]
}

function renderCause({ finding, all, namespaces }: Cause): string[] {
  const { hop, code, about, seen, expected, also = [], remedy = {} } = finding
  const { command, words, form } = remedy
  const fix = form === 'sentence' ? fixOf({ hint: words, command }) : (command ?? words)
  const note = form === 'sentence' || command === undefined ? undefined : words
  const each = new Set(all.map((one) => one.remedy?.command)).size > 1 ? `, in each as in ${finding.namespace}` : ''
  const named = seen.includes(about) ? '' : `${about}: `
  return [
    `${code} (${hop}): ${named}${seen}`,
    ...(expected === undefined ? [] : [`  expected ${expected}`]),
    ...also.map((line) => `  also ${line}`),
    ...(namespaces.length > 1 ? [`  affects ${listNamespaces(namespaces)}`] : []),
    ...(fix === undefined ? [] : [`  fix${each}: ${fix}`]),
    ...(note === undefined ? [] : [`  note: ${note}`]),
  ]
}

/** What does not follow from the first. */
function renderLater(causes: readonly Cause[]): string[] {
  if (causes.length === 0) return []
  const rest = causes.length - others
  return [
    'Also failed:',
    ...causes.slice(0, others).map(renderBriefly),
    ...(rest > 0 ? [`  and ${rest} more: -o json`] : []),
  ]
}

function renderBriefly({ finding: { hop, code, about, alike, seen }, namespaces }: Cause): string {
  if (namespaces.length > 1) return `  ${code} (${hop}): ${alike} in ${listNamespaces(namespaces)}`
  return `  ${code} (${hop}): ${seen.includes(about) ? '' : `${about}: `}${seen}`
}

// The table: a row for each hop and result, with no more rows for a thousand namespaces than for one. Failures are shown by
// their code; the details follow below the table.

/** So many different things of one hop are shown one by one. */
const few = 4

function renderRows(findings: readonly HopFinding[], { color, columns }: Pick<Terminal, 'color' | 'columns'>): string {
  const byHop = Map.groupBy(findings, ({ hop }) => hop)
  const rows = [...byHop.values()].flatMap((ofHop) => foldHop(ofHop).map((row): Cell[] => [row.hop, ...cellsOf(row)]))
  return renderTable({ header: ['HOP', 'RESULT', 'SEEN'], rows }, color, columns)
}

/** Findings of one hop that share a result and a word. */
interface Row extends Pick<HopFinding, 'hop' | 'result'> {
  readonly text: string
}

function foldHop(ofHop: readonly HopFinding[]): Row[] {
  const byWord = Map.groupBy(ofHop, ({ result, code }) => `${result} ${code}`)
  return [...byWord.values()].flatMap((alike) => {
    const [first] = alike
    if (first === undefined) return []
    const { hop, result } = first
    const things = [...Map.groupBy(alike, (finding) => finding.alike ?? finding.about).entries()]
    const texts =
      things.length > few
        ? [[`${wordOf(first)}${countOf(alike, ofHop)}`, ...(result === 'failed' ? [] : whatAllShow(alike))].join(': ')]
        : things.map(([name, group]) => renderGroup(name, group, ofHop))
    return [...new Set(texts)].map((text) => ({ hop, result, text }))
  })
}

/** `name`: what they share: `Secret regcred`. `ofHop`: all findings of the hop, for the total. */
function renderGroup(name: string, group: readonly HopFinding[], ofHop: readonly HopFinding[]): string {
  const [first] = group
  if (first === undefined) return ''
  const ofThing = ofHop.filter(({ alike, about }) => (alike ?? about) === name)
  if (first.because !== undefined) return `because of ${first.because.hop}: ${first.because.code}`
  const word = wordOf(first)
  if (first.result === 'failed')
    return `${word}${group.length === 1 ? first.about : `${name}: ${countOf(group, ofThing)}`}`
  if (group.length === 1) return `${word}${first.about}: ${first.seen}`
  return [`${word}${name}: ${countOf(group, ofThing)}`, ...whatAllShow(group)].join(': ')
}

/** A consequence is described by its cause. */
const wordOf = ({ code, because }: HopFinding) => (code === 'OK' || because !== undefined ? '' : `${code}: `)

/** `20 of 20 tried` where only a sample was checked: the finding that reports this does not count. */
function countOf(group: readonly HopFinding[], all: readonly HopFinding[]): string {
  const checked = all.filter(({ code }) => code !== 'SAMPLED')
  return `${group.length} of ${checked.length}${checked.length < all.length ? ' tried' : ''}`
}

/** What is the same of all; of what ends at different times, the earliest. */
function whatAllShow(group: readonly HopFinding[]): string[] {
  const [first] = group
  const differ = group.some(({ seen }) => seen !== first?.seen)
  if (!differ) return first === undefined ? [] : [first.seen]
  const [earliest] = group.toSorted((one, other) => (one.until?.getTime() ?? 0) - (other.until?.getTime() ?? 0))
  return earliest?.until === undefined ? [] : [`the earliest ${earliest.seen}`]
}

/** The result is the word of the JSON output. */
function cellsOf({ result, text }: Row): Cell[] {
  if (result === 'failed')
    return [
      { text: result, tone: 'bad' },
      { text, tone: 'bad' },
    ]
  return [result === 'ok' ? { text: result, tone: 'good' } : result, text]
}

/** Findings that are one and the same but for the namespace, so that a cause is reported once, however many it affects. */
interface Cause {
  /** The first that was found. */
  readonly finding: HopFinding
  readonly all: readonly HopFinding[]
  /** Those that it reached; empty where it is about none. */
  readonly namespaces: readonly string[]
}

/** In the order in which they were found. */
function gatherCauses(findings: readonly HopFinding[]): Cause[] {
  return [...Map.groupBy(findings, keyOf).values()].flatMap((all) => {
    const [finding] = all
    if (finding === undefined) return []
    const namespaces = all.flatMap(({ namespace }) => namespace ?? [])
    return [{ finding, all, namespaces: [...new Set(namespaces)] }]
  })
}

/** Findings about the same thing in several namespaces are one cause if their code and their cause are the same. */
function keyOf({ hop, result, code, about, alike, namespace, seen, causeKey }: HopFinding): string {
  const isOneOfMany = alike !== undefined && namespace !== undefined
  return JSON.stringify(isOneOfMany ? [hop, result, code, alike, causeKey ?? seen] : [hop, result, code, about, seen])
}

// The result for programs.

export function doctorResult(findings: readonly HopFinding[]): DoctorResult {
  const first = findings.find(({ result }) => result === 'failed')
  return {
    kind: 'DoctorResult',
    result: overall(first === undefined ? 0 : 1),
    ...(first && { firstFailure: doctorFinding(first) }),
    findings: findings.map(doctorFinding),
  }
}

function doctorFinding(finding: HopFinding): DoctorFinding {
  const { hop, about, result, code, namespace, secret, image, seen, expected, also, until, because, remedy } = finding
  const { command, words: hint } = remedy ?? {}
  return {
    hop,
    about,
    result,
    code,
    ...(namespace !== undefined && { namespace }),
    ...(secret !== undefined && { secret }),
    ...(image !== undefined && { image }),
    seen,
    ...(expected !== undefined && { expected }),
    ...(also !== undefined && also.length > 0 && { also }),
    ...(until && { expiresAt: instant(until) }),
    ...(because && { causedBy: { hop: because.hop, code: because.code } }),
    ...remedyItem({ hint, command }),
  }
}
