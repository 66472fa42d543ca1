/** A plan, for people: a line for each resource, what would change, and what stays. */
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import { describeMissing, type Finding, markOf, type TrustedCluster } from '../../vendors/trust-contract.ts'
import { reportFault } from '../report-error.ts'
import { type AbsentSubject, tellAbsent } from './clusters.ts'

export interface Plan {
  readonly clusters: readonly TrustedCluster[]
  readonly findings: readonly Finding[]
  /** Service accounts that are not there: trust can be made before them, by whoever makes them. */
  readonly absent: readonly AbsentSubject[]
}

export function renderFindings({ clusters, findings, absent }: Plan, color: 'always' | 'never'): string {
  const header = ['CLUSTER', 'ISSUER', 'MARK', 'POOL ID', 'PROVIDER ID']
  const rows = clusters.map((cluster) => [cluster.name, cluster.issuer, markOf(cluster), ...idsOf(cluster)])
  const changes = findings.flatMap((finding) => finding.changes.map(({ says }) => says))
  const notes = [
    ...findings.flatMap((finding) =>
      [...finding.notes, ...missingNote(finding)].map((note) => `${finding.name}: ${note}`),
    ),
    ...absent.map(tellAbsent),
  ]
  return [
    renderTable({ header, rows }, color),
    renderTable(
      { header: ['RESULT', 'KIND', 'NAME'], rows: [...findings.map(rowOf), ...absent.map(absentRow)] },
      color,
    ),
    ...(notes.length === 0 ? [] : [lines(notes.map((note) => `note: ${note}`))]),
    changes.length === 0
      ? nothing(findings, absent)
      : lines([changesTitle(changes.length), ...changes.map((one) => `  ${one}`)]),
  ].join('\n\n')
}

function missingNote({ missingNeeds, verdict }: Finding): string[] {
  if (missingNeeds === undefined) return []
  const missing = describeMissing(missingNeeds)
  return [verdict === 'blocked' ? `blocked by ${missing}` : `in place, although it needs ${missing}`]
}

const idsOf = ({ poolId = ofDocument, providerId = ofDocument }: TrustedCluster) => [poolId, providerId]
const ofDocument = "(the document's)"
const lines = (texts: readonly string[]) => texts.map(plainLine).join('\n')

const nothing = (findings: readonly Finding[], absent: readonly AbsentSubject[]) =>
  findings.every(({ verdict }) => verdict === 'ok')
    ? `Nothing is missing${absent.length === 0 ? '' : ' at the cloud'}.`
    : 'Nothing that is missing can be made as it is: see the errors.'

const changesTitle = (count: number) =>
  `${count === 1 ? 'One change' : `${count} changes`} would be made by pullpass trust apply:`

const absentRow = ({ account }: AbsentSubject): Cell[] => [{ text: 'absent', tone: 'bad' }, 'ServiceAccount', account]

function rowOf({ kind, name, verdict }: Finding): Cell[] {
  const bad = verdict === 'refused' || verdict === 'unknown' || verdict === 'blocked'
  const result: Cell = verdict === 'ok' || bad ? { text: verdict, tone: bad ? 'bad' : 'good' } : verdict
  return [result, kind, name]
}

/** A plan, for programs: the shape that `-o json` and `-o yaml` print. */
export function reportFindings({ clusters, findings, absent }: Plan): object {
  return {
    clusters: clusters.map((cluster) => ({
      name: cluster.name,
      issuer: cluster.issuer,
      mark: markOf(cluster),
      poolId: cluster.poolId,
      providerId: cluster.providerId,
    })),
    findings: findings.map(({ kind, name, verdict, changes, notes, fault, missingNeeds }) => ({
      kind,
      name,
      verdict,
      changes: changes.map(({ says }) => says),
      notes,
      ...(missingNeeds && { missingNeeds }),
      ...reportFault(fault),
    })),
    absentAccounts: absent.map(({ cluster, account, command }) => ({ cluster, account, fix: command })),
  }
}
