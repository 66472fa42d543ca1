/** The result of trust plan: tables of resources and changes, and a document for programs. */
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import { type AbsentSubject, describeAbsent } from '../../trust/clusters.ts'
import { describeSkipped, type SkippedRegistry } from '../../trust/needs.ts'
import {
  type Change,
  describeMissing,
  type MissingNeed,
  type TrustedCluster,
  type TrustFinding,
} from '../../vendors/trust/contract.ts'
import { markOf } from '../../vendors/trust/marks.ts'
import type { Terminal } from '../command-line/command.ts'
import { errorOf, overall } from '../command-line/output.ts'
import type { MissingResource, TrustChange, TrustPlanResult } from '../output/trust.ts'

export interface Plan {
  readonly clusters: readonly TrustedCluster[]
  readonly findings: readonly TrustFinding[]
  /** Service accounts that do not exist; they can be created after the trust set-up. */
  readonly absent: readonly AbsentSubject[]
  readonly skipped: readonly SkippedRegistry[]
}

export function renderFindings(
  { clusters, findings, absent, skipped }: Plan,
  { color, columns }: Pick<Terminal, 'color' | 'columns'>,
): string {
  const ids = idColumns.filter(([, field]) => clusters.some((cluster) => cluster[field] !== undefined))
  const header = ['CLUSTER', 'ISSUER', 'MARK', ...ids.map(([title]) => title)]
  const rows = clusters.map((cluster) => [
    cluster.name,
    cluster.issuer,
    markOf(cluster),
    ...ids.map(([, field]) => cluster[field] ?? "(the document's)"),
  ])
  const changes = findings.flatMap((finding) => finding.changes.map(({ description }) => description))
  const notes = [
    ...findings.flatMap((finding) =>
      [...finding.notes, ...missingNote(finding)].map((note) => `${finding.name}: ${note}`),
    ),
    ...absent.map(describeAbsent),
    ...skipped.map(describeSkipped),
  ]
  return [
    renderTable({ header, rows }, color, columns),
    renderTable(
      { header: ['RESULT', 'KIND', 'NAME'], rows: [...findings.map(rowOf), ...absent.map(absentRow)] },
      color,
      columns,
    ),
    ...(notes.length === 0 ? [] : [lines(notes.map((note) => `note: ${note}`))]),
    changes.length === 0
      ? nothing(findings, absent)
      : lines([changesTitle(changes.length), ...changes.map((one) => `  ${one}`)]),
  ].join('\n\n')
}

function missingNote({ missingNeeds, verdict }: TrustFinding): string[] {
  if (missingNeeds === undefined || verdict === 'unknown' || verdict === 'refused') return []
  const missing = describeMissing(missingNeeds)
  return [verdict === 'blocked' ? `blocked by ${missing}` : `in place, although it needs ${missing}`]
}

/** Where a flag distinguishes clusters by it; some vendors have none. */
const idColumns = [
  ['TRUST DOMAIN ID', 'trustDomainId'],
  ['ISSUER ID', 'issuerId'],
] as const

const lines = (texts: readonly string[]) => texts.map(plainLine).join('\n')

const nothing = (findings: readonly TrustFinding[], absent: readonly AbsentSubject[]) =>
  findings.every(({ verdict }) => verdict === 'ok')
    ? `No changes are required${absent.length === 0 ? '' : ' at the cloud'}.`
    : 'No missing resource can be created until the errors are fixed.'

const changesTitle = (count: number) =>
  `${count === 1 ? 'One change' : `${count} changes`} would be made by pullpass trust apply:`

const absentRow = ({ account }: AbsentSubject): Cell[] => [{ text: 'absent', tone: 'bad' }, 'ServiceAccount', account]

function rowOf({ kind, name, verdict }: TrustFinding): Cell[] {
  const bad = verdict === 'refused' || verdict === 'unknown' || verdict === 'blocked'
  const text = planned[verdict]
  const result: Cell = verdict === 'ok' || bad ? { text, tone: bad ? 'bad' : 'good' } : text
  return [result, kind, name]
}

// The result for programs

export const planResult = ({ clusters, findings, absent, skipped }: Plan): TrustPlanResult => ({
  kind: 'TrustPlanResult',
  result: overall(findings.some(({ fault }) => fault !== undefined) ? 1 : 0),
  clusters: clusters.map((cluster) => ({
    name: cluster.name,
    issuer: cluster.issuer,
    mark: markOf(cluster),
    ...(cluster.trustDomainId !== undefined && { trustDomainId: cluster.trustDomainId }),
    ...(cluster.issuerId !== undefined && { issuerId: cluster.issuerId }),
  })),
  resources: findings.map(({ vendor, kind, name, verdict, changes, notes, fault, missingNeeds }) => ({
    vendor,
    kind,
    name,
    result: planned[verdict],
    changes: changes.map(changeItem),
    notes,
    ...missingItems(missingNeeds),
    ...errorOf(fault),
  })),
  absentServiceAccounts: absent.map(({ cluster, account, command }) => ({ cluster, serviceAccount: account, command })),
  skippedRegistries: skipped,
})

const planned = {
  ok: 'unchanged',
  create: 'would-create',
  undelete: 'would-undelete',
  update: 'would-update',
  grant: 'would-grant',
  refused: 'refused',
  unknown: 'unknown',
  blocked: 'blocked',
} as const

export const changeItem = ({ action, fields, description, command }: Change): TrustChange => ({
  action,
  fields,
  description,
  command,
})

export const missingItems = (
  needs: readonly MissingNeed[] | undefined,
): { readonly missing?: readonly MissingResource[] } =>
  needs === undefined
    ? {}
    : { missing: needs.map(({ vendor, kind, name, state }) => ({ vendor, kind, name, result: state })) }
