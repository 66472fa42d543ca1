/** What doctor found, for people: a table of hops, then what to mend first. */
import type { Finding } from '../../doctor/finding.ts'
import { plainLine } from '../../outside/plain-text.ts'
import { nameSome } from '../../terminal/render-fault.ts'
import type { Terminal } from '../command.ts'
import { type Cause, gatherCauses } from './gather-causes.ts'
import { renderRows } from './render-rows.ts'

/** So many causes are named beside the first. */
const others = 5

export function renderFindings(findings: readonly Finding[], terminal: Pick<Terminal, 'color' | 'columns'>): string {
  return [renderRows(findings, terminal), '', ...conclusion(findings).map(plainLine)].join('\n')
}

function conclusion(findings: readonly Finding[]): string[] {
  const [first, ...later] = gatherCauses(findings.filter(({ result }) => result === 'failed'))
  const unseen = gatherCauses(findings.filter(({ result, code }) => result === 'skipped' && code === 'NOT_HERE')).slice(
    0,
    1,
  )
  if (first !== undefined) {
    const unknown = unseen.length === 0 ? [] : ['Not looked at:', ...unseen.flatMap(renderCause)]
    return ['Mend this first:', ...renderCause(first), ...renderLater(later), ...unknown]
  }
  const warnings = gatherCauses(findings.filter(({ result }) => result === 'warning'))
  const told = [...unseen, ...warnings]
  if (told.length === 0) return ['Nothing stands in the way.']
  const rest = told.length - others
  return [...told.slice(0, others).flatMap(renderCause), ...(rest > 0 ? [`and ${rest} more: -o json`] : [])]
}

function renderCause({ finding, all, namespaces }: Cause): string[] {
  const { hop, code, about, seen, expected, also = [], remedy = {} } = finding
  const { command, words } = remedy
  const fix = command ?? words
  const each = new Set(all.map((one) => one.remedy?.command)).size > 1 ? `, in each as in ${finding.namespace}` : ''
  const named = seen.includes(about) ? '' : `${about}: `
  return [
    `${code} (${hop}): ${named}${seen}`,
    ...(expected === undefined ? [] : [`  expected ${expected}`]),
    ...also.map((line) => `  ${line}`),
    ...(namespaces.length > 1 ? [`  affects ${nameSome(namespaces)}`] : []),
    ...(fix === undefined ? [] : [`  fix${each}: ${fix}`]),
    ...(command === undefined || words === undefined ? [] : [`  note: ${words}`]),
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
  if (namespaces.length > 1) return `  ${code} (${hop}): ${alike} in ${nameSome(namespaces)}`
  return `  ${code} (${hop}): ${seen.includes(about) ? '' : `${about}: `}${seen}`
}
