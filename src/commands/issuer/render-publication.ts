/** What was published, for people and for programs. */

import { documentPaths, type PublishTarget } from '../../issuer/documents/publish-target.ts'
import type { Confirmation } from '../../issuer/publish/confirm-publication.ts'
import type { PublishOutcome } from '../../issuer/publish/publish-documents.ts'
import { type Cell, renderTable } from '../../terminal/render-table.ts'
import { kindOfKey } from './kind-of-key.ts'

export interface PublishReport {
  readonly issuer: string
  readonly target: Pick<PublishTarget, 'name' | 'holds'>
  readonly mode: 'write' | 'dry-run'
  readonly outcome: PublishOutcome
  /** Empty where nothing was read back: in a dry run, and where only a provider has the keys. */
  readonly confirmations: readonly Confirmation[]
}

export function renderPublication(report: PublishReport, color: 'always' | 'never'): string {
  const { issuer, target, mode, outcome, confirmations } = report
  const changes = target.holds.map((name) => {
    const change = outcome.changes[name] ?? 'unchanged'
    return [documentPaths[name], mode === 'dry-run' && change !== 'unchanged' ? `would be ${change}` : change]
  })
  const keys = outcome.keys.map(({ key, state, reason }) => [
    key.keyId ?? '(no kid)',
    kindOfKey(key),
    state,
    reason ?? '',
  ])
  const checks = confirmations.map(({ check, state, says }): Cell[] => [check, toned(state), says])
  const tables = [
    renderTable({ rows: [['issuer', issuer], ['target', target.name], ...changes] }, color),
    renderTable({ header: ['KEY', 'KIND', 'STATE', 'REASON'], rows: keys }, color),
    ...(checks.length > 0 ? [renderTable({ header: ['CHECK', 'STATE', ''], rows: checks }, color)] : []),
  ]
  const fixes = new Set(confirmations.map(({ fix }) => fix).filter((fix) => fix !== undefined))
  return [...tables, ...[...fixes].map((fix) => `fix: ${fix}`)].join('\n\n')
}

const toned = (state: Confirmation['state']): Cell =>
  state === 'pending' ? state : { text: state, tone: state === 'ok' ? 'good' : 'bad' }

export function reportPublication({ issuer, target, mode, outcome, confirmations }: PublishReport): object {
  return {
    issuer,
    target: target.name,
    dryRun: mode === 'dry-run',
    documents: target.holds.map((name) => ({ path: documentPaths[name], change: outcome.changes[name] })),
    keys: outcome.keys.map(({ key, state, reason }) => ({ kid: key.keyId, kind: kindOfKey(key), state, reason })),
    checks: confirmations,
  }
}
