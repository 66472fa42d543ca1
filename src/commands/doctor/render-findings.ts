/** What doctor found, for people: a table of hops, then what to mend first. */
import type { Finding } from '../../doctor/finding.ts'
import { type Cell, renderTable } from '../../terminal/render-table.ts'

/** Of one hop so many good ones are shown one by one. */
const few = 4

export function renderFindings(findings: readonly Finding[], color: 'always' | 'never'): string {
  const rows = gather(findings).map((finding): Cell[] => [
    finding.hop,
    cellOf(finding),
    finding.about,
    finding.code === 'OK' ? finding.seen : `${finding.code}: ${finding.seen}`,
  ])
  const table = renderTable({ header: ['HOP', 'RESULT', 'ABOUT', 'SEEN'], rows }, color)
  return [table, '', ...conclusion(findings)].join('\n')
}

function cellOf({ result }: Finding): Cell {
  if (result === 'ok') return { text: result, tone: 'good' }
  return result === 'failed' ? { text: result, tone: 'bad' } : result
}

/** Many good ones of a hop become one line; what is not good is shown always. */
function gather(findings: readonly Finding[]): Finding[] {
  return [...Map.groupBy(findings, ({ hop }) => hop).values()].flatMap((group) => {
    const good = group.filter(({ result }) => result === 'ok')
    const [first] = good
    if (first === undefined || good.length <= few) return group
    return [{ ...first, about: `${good.length} of them`, seen: '' }, ...group.filter(({ result }) => result !== 'ok')]
  })
}

function conclusion(findings: readonly Finding[]): string[] {
  const failed = findings.filter(({ result }) => result === 'failed')
  const [first, ...others] = failed
  const warnings = findings.filter(({ result }) => result === 'warning')
  const unseen = findings.filter(({ result, code }) => result === 'skipped' && code === 'NOT_HERE')
  return [
    ...(first === undefined ? [] : renderFinding(first)),
    ...(others.length === 0
      ? []
      : [`also failed: ${others.map(({ hop, code, about }) => `${hop} ${code} (${about})`).join(', ')}`]),
    ...(first === undefined ? [...unseen.slice(0, 1), ...warnings].flatMap(renderFinding) : []),
    ...(failed.length + warnings.length + unseen.length === 0 ? ['Nothing stands in the way.'] : []),
  ]
}

function renderFinding({ hop, code, about, seen, expected, remedy }: Finding): string[] {
  const { command, words } = remedy ?? {}
  const fix = command ?? words
  return [
    `${code} (${hop}): ${about}: ${seen}`,
    ...(expected === undefined ? [] : [`  expected ${expected}`]),
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
    ...(command === undefined || words === undefined ? [] : [`  note: ${words}`]),
  ]
}
