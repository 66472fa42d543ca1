/** What was published, for people and for programs. */
import { type DocumentName, documentPaths, type PublishTarget } from '../../oidc/issuer-documents.ts'
import type { IssuerKey } from '../../oidc/keys.ts'
import type { Confirmation } from '../../publish/confirm.ts'
import { whatDiffers } from '../../publish/publish.ts'
import type { PublishOutcome } from '../../publish/publish-documents.ts'
import type { RevocationReport } from '../../publish/revoke.ts'
import { safeToSign, safeToSignAt, wholeSeconds } from '../../publish/safe-to-sign.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine, shellQuote } from '../../text/plain-text.ts'
import { quote } from '../../text/quote.ts'
import { kindOfKey } from './check-report.ts'

export interface PublishReport {
  readonly issuer: string
  readonly target: Pick<PublishTarget, 'name' | 'holds'>
  readonly mode: 'write' | 'dry-run'
  readonly outcome: PublishOutcome
  /** Empty where nothing was read back: in a dry run, and where only a provider has the keys. */
  readonly confirmations: readonly Confirmation[]
  /** Keys that stay public, and that no API server serves or is remembered to have served. */
  readonly unknown?: readonly IssuerKey[]
  /** As --to named the target, for commands. */
  readonly to?: string | undefined
  /** When keys were written; absent where none were. */
  readonly publishedAt?: Date
  /** Of a run that revokes. */
  readonly revocation?: RevocationReport
}

export function renderPublication(report: PublishReport, color: 'always' | 'never'): string {
  const { issuer, target, outcome, confirmations } = report
  const rows = [
    ['issuer', issuer],
    ['target', target.name],
    ...tellRevocation(report),
    ...target.holds.map((name) => [documentPaths[name], tellChange(name, report)]),
  ]
  const checks = confirmations.map(({ check, state, says }): Cell[] => [check, toned(state), says])
  const tables = [
    renderTable({ rows }, color),
    ...(outcome.keys.length > 0 ? [renderKeys(report, color)] : []),
    ...safeToSignLines(report),
    ...(checks.length > 0 ? [renderTable({ header: ['CHECK', 'STATE', ''], rows: checks }, color)] : []),
  ]
  const fixes = new Set(confirmations.map(({ fix }) => fix).filter((fix) => fix !== undefined))
  const warnings = warningsOf(report).map((warning) => plainLine(`warning: ${warning}`))
  return [...tables, ...warnings, ...[...fixes].map((fix) => plainLine(`fix: ${fix}`))].join('\n\n')
}

/** A key of an earlier rotation is one, where nothing remembers it; so is a key that somebody else put there. */
const warningsOf = ({ unknown = [], to = 'TARGET' }: PublishReport): string[] =>
  unknown.map(({ keyId = '' }) => {
    const named = keyId === '' ? 'a key without kid' : `key ${quote(keyId)}`
    const revoke = `pullpass issuer revoke --to ${shellQuote(to)} -- ${shellQuote(keyId)}`
    return `${named} is published, but no API server serves it, and none is known to have served it: whoever has its private key signs tokens that clouds accept for every account of this cluster. If it is not an earlier key of this cluster: ${revoke}, and check who may write to ${to}`
  })

function tellChange(name: DocumentName, { outcome, mode }: PublishReport): string {
  const differs = whatDiffers(name, outcome)
  return `${asDone(outcome.changes[name] ?? 'unchanged', mode)}${differs === undefined ? '' : `: ${differs}`}`
}

/** `would be created`: a dry run did nothing of it. */
const asDone = (what: string, mode: PublishReport['mode']) =>
  mode === 'write' || ['unchanged', 'kept', 'left out'].includes(what) ? what : `would be ${what}`

function tellRevocation({ revocation, mode }: PublishReport): string[][] {
  if (revocation === undefined) return []
  const { keyId, since, state } = revocation
  const already = since === undefined ? 'was already revoked' : `already revoked since ${since.toISOString()}`
  const anew = mode === 'dry-run' ? 'would be revoked from now on' : 'from now on, for good'
  return [['revoked', `${keyId}, ${state === 'before' ? already : anew}`]]
}

function renderKeys({ outcome: { keys }, mode }: PublishReport, color: 'always' | 'never'): string {
  const explained = keys.some(({ reason }) => reason !== undefined)
  const header = ['KEY', 'KIND', 'STATE', ...(explained ? ['REASON'] : [])]
  const rows = keys.map(({ key, state, reason }) => [
    key.keyId ?? '(no kid)',
    kindOfKey(key),
    asDone(state, mode),
    ...(reason === undefined ? [] : [reason]),
  ])
  return renderTable({ header, rows }, color)
}

/** Of keys that were added, by kid. */
function safeKeys({ outcome, confirmations, publishedAt }: PublishReport): Map<string | undefined, Date> {
  if (publishedAt === undefined) return new Map()
  const served = confirmations.find(({ check }) => check === 'jwks')?.cacheSeconds
  const added = outcome.keys.filter(({ state }) => state === 'added')
  return new Map(added.map(({ key }) => [key.keyId, safeToSignAt(publishedAt, served)]))
}

function safeToSignLines(report: PublishReport): string[] {
  const lines = [...safeKeys(report)].map(([keyId, at]) => plainLine(safeToSign(keyId ?? '(no kid)', at)))
  return lines.length === 0 ? [] : [lines.join('\n')]
}

const toned = (state: Confirmation['state']): Cell =>
  state === 'pending' ? state : { text: state, tone: state === 'ok' ? 'good' : 'bad' }

export function reportPublication(report: PublishReport): object {
  const { issuer, target, mode, outcome, confirmations, revocation } = report
  const safe = safeKeys(report)
  const safeFrom = (keyId: string | undefined) => {
    const at = safe.get(keyId)
    return at === undefined ? {} : { safeToSignFrom: wholeSeconds(at) }
  }
  return {
    issuer,
    target: target.name,
    dryRun: mode === 'dry-run',
    ...(revocation && { revocation }),
    documents: target.holds.map((name) => ({
      path: documentPaths[name],
      change: asDone(outcome.changes[name] ?? 'unchanged', mode),
      differs: whatDiffers(name, outcome),
    })),
    keys: outcome.keys.map(({ key, state, reason }) => ({
      kid: key.keyId,
      kind: kindOfKey(key),
      state: asDone(state, mode),
      reason,
      ...safeFrom(key.keyId),
    })),
    checks: confirmations,
    warnings: warningsOf(report),
  }
}
