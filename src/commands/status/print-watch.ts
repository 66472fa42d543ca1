/** What `pullpass status --watch` prints: frames on a terminal, otherwise the first table or document, and then changes. */
import type { StatusScope } from '../../status/list.ts'
import { renderFrame } from '../../terminal/render-frame.ts'
import { columnWidths, renderTable } from '../../terminal/table.ts'
import type { Call } from '../command-line/command.ts'
import { renderStreamed } from '../command-line/output.ts'
import type { StatusFlags } from './flags.ts'
import {
  type EvaluatedSecret,
  hasProblem,
  type ReadCluster,
  renderSummary,
  type StatusForm,
  secretItem,
  statusChange,
  statusResult,
  statusRow,
  statusTable,
} from './report.ts'

export interface StatusPrinter {
  /** Prints what is new since the last call. */
  readonly print: (clusters: readonly ReadCluster[], now: Date) => Promise<void>
}

const formOf = ({ flags: { output } }: Call<StatusFlags>, { contexts }: StatusScope, now: Date): StatusForm => ({
  now,
  width: output === 'wide' ? 'wide' : 'narrow',
  contexts: contexts.length > 1 ? 'several' : 'one',
})

const secretsOf = (clusters: readonly ReadCluster[]) => clusters.flatMap(({ secrets }) => secrets)

/** The summary first: it stays visible. Where not all rows fit, those with problems come first. */
export function openFramePrinter(call: Call<StatusFlags>, scope: StatusScope): StatusPrinter {
  const { flags, terminal } = call
  return {
    print: async (clusters, now) => {
      const secrets = secretsOf(clusters)
      const shown = flags.problems ? secrets.filter(hasProblem) : secrets
      const summary = [renderSummary(secrets, [], flags.file), ...clusters.flatMap(faultLines)].join('\n')
      const rows = terminal.rows?.() ?? 24
      const free = Math.max(1, rows - summary.split('\n').length - 4) // an empty line, the header, the rest, the cursor
      const first = shown.length <= free ? shown : shown.toSorted(byProblem).slice(0, free)
      const table = renderTable(statusTable(first, formOf(call, scope, now)), terminal.color)
      const rest = shown.length - first.length
      const lines = [summary, '', ...(shown.length > 0 ? [table] : []), ...(rest > 0 ? [`… and ${rest} more`] : [])]
      terminal.print(renderFrame(lines.join('\n'), rows))
    },
  }
}

const faultLines = ({ context, faults }: ReadCluster) =>
  faults.map(({ code, seen }) => `${context === undefined ? '' : `${context}: `}${code}: ${seen}`)

const byProblem = (one: EvaluatedSecret, other: EvaluatedSecret) => Number(hasProblem(other)) - Number(hasProblem(one))

/** What was last printed of a Secret. */
interface Printed {
  readonly content: string
  readonly secret: EvaluatedSecret
}

export function openChangePrinter(call: Call<StatusFlags>, scope: StatusScope): StatusPrinter {
  const { flags, terminal, context } = call
  const { output } = flags
  let printed: Map<string, Printed> | undefined
  let widths: readonly number[] = []
  const printFirst = async (clusters: readonly ReadCluster[], now: Date) => {
    if (output === 'json' || output === 'yaml') {
      const result = statusResult(clusters, flags.problems ? 'problems' : 'all')
      terminal.print(await renderStreamed(result, output, context.secrets))
      return
    }
    const secrets = secretsOf(clusters)
    const table = statusTable(flags.problems ? secrets.filter(hasProblem) : secrets, formOf(call, scope, now))
    widths = columnWidths(table)
    terminal.print(renderTable(table, terminal.color))
  }
  const printChange = async (type: 'changed' | 'deleted', secret: EvaluatedSecret, now: Date) => {
    if (output === 'json' || output === 'yaml') {
      terminal.print(await renderStreamed(statusChange(type, secret), output, context.secrets))
      return
    }
    const row = statusRow(secret, formOf(call, scope, now), type === 'deleted' ? 'gone' : 'exists')
    terminal.print(renderTable({ rows: [row], widths }, terminal.color))
  }
  return {
    print: async (clusters, now) => {
      const before = printed
      printed = new Map(secretsOf(clusters).map((secret) => [keyOf(secret), { content: contentOf(secret), secret }]))
      if (before === undefined) {
        await printFirst(clusters, now)
        return
      }
      for (const change of changesBetween(before, printed, flags.problems)) await printChange(...change, now)
    },
  }
}

/** With `problemsOnly`, those that have a problem, or had one. */
function changesBetween(
  before: ReadonlyMap<string, Printed>,
  after: ReadonlyMap<string, Printed>,
  problemsOnly: boolean,
): (readonly ['changed' | 'deleted', EvaluatedSecret])[] {
  const concerns = (...secrets: readonly (Printed | undefined)[]) =>
    !problemsOnly || secrets.some((one) => one !== undefined && hasProblem(one.secret))
  const changed = [...after].flatMap(([key, one]) => {
    const previous = before.get(key)
    return previous?.content !== one.content && concerns(previous, one) ? [['changed', one.secret] as const] : []
  })
  const deleted = [...before].flatMap(([key, one]) =>
    !after.has(key) && concerns(one) ? [['deleted', one.secret] as const] : [],
  )
  return [...changed, ...deleted]
}

const keyOf = ({ context = '', facts: { namespace, name } }: EvaluatedSecret) =>
  JSON.stringify([context, namespace, name])

/** Without relative times. An error repeats the time of its evaluation: its code and what was seen count. */
const contentOf = (secret: EvaluatedSecret): string =>
  JSON.stringify({ ...secretItem(secret), errors: secret.status.problems.map(({ code, seen }) => [code, seen]) })
