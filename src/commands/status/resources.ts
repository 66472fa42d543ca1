/** The custom resources of the clusters as a table. */
import type { ResourceState } from '../../status/documents.ts'
import { relativeTime, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { Terminal } from '../command-line/command.ts'
import type { ReadCluster, StatusForm } from './report.ts'

/** Undefined: there is nothing to show. */
export function renderResources(
  clusters: readonly ReadCluster[],
  shown: 'all' | 'problems',
  { now, contexts }: StatusForm,
  { color, columns }: Pick<Terminal, 'color' | 'columns'>,
): string | undefined {
  const rows = clusters.flatMap(({ context, resources }) =>
    resources
      .filter(({ problem }) => shown === 'all' || problem !== 'none')
      .map((resource) => [...(contexts === 'several' ? [context ?? '-'] : []), ...cellsOf(resource, now)]),
  )
  if (rows.length === 0) return undefined
  const header = ['DOCUMENT', 'READY', 'NAMESPACES', 'EXPIRES', 'REASON']
  return renderTable({ header: contexts === 'several' ? ['CONTEXT', ...header] : header, rows }, color, columns)
}

function cellsOf({ kind, namespace, name, ready, reason, message, ...rest }: ResourceState, now: Date) {
  const { namespaces, expiresAt, problem } = rest
  return [
    namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`,
    problem === 'none' ? ready : { text: ready, tone: 'bad' as const },
    namespaces === undefined ? '-' : `${namespaces.fresh} of ${namespaces.selected} fresh`,
    expiresAt === undefined ? '-' : relativeTime(expiresAt, now),
    plainLine(`${reason}: ${message}`),
  ]
}
