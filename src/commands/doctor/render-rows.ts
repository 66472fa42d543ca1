/**
 * Doctor's table: a row for each hop and what became of it, and no more for a thousand namespaces than for one. What failed
 * stands in it by its word; what was seen of it is told below.
 */
import type { Finding } from '../../doctor/finding.ts'
import { type Cell, renderTable } from '../../terminal/render-table.ts'
import type { Terminal } from '../command.ts'

/** So many different things of one hop are shown one by one. */
const few = 4

export function renderRows(
  findings: readonly Finding[],
  { color, columns }: Pick<Terminal, 'color' | 'columns'>,
): string {
  const byHop = Map.groupBy(findings, ({ hop }) => hop)
  const rows = [...byHop.values()].flatMap((ofHop) => foldHop(ofHop).map((row): Cell[] => [row.hop, ...cellsOf(row)]))
  return renderTable({ header: ['HOP', 'RESULT', 'SEEN'], rows }, color, columns)
}

/** Findings of one hop that share a result and a word. */
interface Row extends Pick<Finding, 'hop' | 'result'> {
  readonly text: string
}

function foldHop(ofHop: readonly Finding[]): Row[] {
  const byWord = Map.groupBy(ofHop, ({ result, code }) => `${result} ${code}`)
  return [...byWord.values()].flatMap((alike) => {
    const [first] = alike
    if (first === undefined) return []
    const { hop, result } = first
    const things = [...Map.groupBy(alike, (finding) => finding.alike ?? finding.about).entries()]
    const texts =
      things.length > few
        ? [[`${wordOf(first)}${countOf(alike, ofHop)}`, ...(result === 'failed' ? [] : whatAllShow(alike))].join(': ')]
        : things.map(([name, group]) => tell(name, group, ofHop))
    return [...new Set(texts)].map((text) => ({ hop, result, text }))
  })
}

/** `name`: what they share: `Secret regcred`. `ofHop`: all findings of the hop, for the total. */
function tell(name: string, group: readonly Finding[], ofHop: readonly Finding[]): string {
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

const wordOf = ({ code }: Finding) => (code === 'OK' ? '' : `${code}: `)

/** `20 of 20 tried` where only a sample was looked at: the finding that says so is not one of them. */
function countOf(group: readonly Finding[], all: readonly Finding[]): string {
  const looked = all.filter(({ code }) => code !== 'SAMPLED')
  return `${group.length} of ${looked.length}${looked.length < all.length ? ' tried' : ''}`
}

/** What is the same of all; of what ends at different times, the earliest. */
function whatAllShow(group: readonly Finding[]): string[] {
  const [first] = group
  const differ = group.some(({ seen }) => seen !== first?.seen)
  if (!differ) return first === undefined ? [] : [first.seen]
  const [earliest] = group.toSorted((one, other) => (one.until?.getTime() ?? 0) - (other.until?.getTime() ?? 0))
  return earliest?.until === undefined ? [] : [`the earliest ${earliest.seen}`]
}

/** The eye finds capitals, where there is no colour. */
function cellsOf({ result, text }: Row): Cell[] {
  if (result === 'failed')
    return [
      { text: 'FAILED', tone: 'bad' },
      { text, tone: 'bad' },
    ]
  return [result === 'ok' ? { text: result, tone: 'good' } : result, text]
}
