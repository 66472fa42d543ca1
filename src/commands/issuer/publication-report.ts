/** The results of issuer publish and revoke: tables, and documents for programs. */
import { fixOf } from '../../errors/pullpass-error.ts'
import { type DocumentName, documentPaths, type PublishTarget } from '../../oidc/issuer-documents.ts'
import type { IssuerKey } from '../../oidc/keys.ts'
import type { Confirmation } from '../../publish/confirm.ts'
import { changedMembers, whatDiffers } from '../../publish/publish.ts'
import type { PublishOutcome } from '../../publish/publish-documents.ts'
import type { RevocationReport } from '../../publish/revoke.ts'
import { safeToSign, safeToSignAt, wholeSeconds } from '../../publish/safe-to-sign.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine, quote } from '../../text/plain-text.ts'
import { shellQuote } from '../../text/shell.ts'
import { rfc3339 } from '../../text/time.ts'
import type { Terminal } from '../command-line/command.ts'
import { instant, overall, remedyItem } from '../command-line/output.ts'
import type {
  IssuerPublishResult,
  IssuerRevokeResult,
  Publication,
  PublicationCheck,
  PublishedDocument,
  PublishedKey,
} from '../output/issuer.ts'
import { keyItem, kindOfKey } from './check-report.ts'

export interface PublishReport {
  readonly issuer: string
  readonly target: Pick<PublishTarget, 'name' | 'facts'>
  readonly mode: 'write' | 'dry-run'
  readonly outcome: PublishOutcome
  /** Empty in a dry run, and for a target that holds only keys. */
  readonly confirmations: readonly Confirmation[]
  /** Published keys that no API server serves, or served before. */
  readonly unknown?: readonly IssuerKey[]
  /** The value of --to, for commands. */
  readonly to?: string | undefined
  /** When keys were written; absent in a dry run. */
  readonly publishedAt?: Date
  /** Of issuer revoke. */
  readonly revocation?: RevocationReport
}

export function renderPublication(
  report: PublishReport,
  { color, columns }: Pick<Terminal, 'color' | 'columns'>,
): string {
  const { issuer, target, outcome, confirmations } = report
  const rows = [
    ['issuer', issuer],
    ['target', target.name],
    ...revocationRows(report),
    ...target.facts.stores.map((name) => [documentPaths[name], describeChange(name, report)]),
  ]
  const checks = confirmations.map(({ check, state, seen }): Cell[] => [check, toned(state), seen])
  const tables = [
    renderTable({ rows }, color),
    ...(outcome.keys.length > 0 ? [renderKeys(report, color)] : []),
    ...safeToSignLines(report),
    ...(checks.length > 0 ? [renderTable({ header: ['CHECK', 'RESULT', 'SEEN'], rows: checks }, color, columns)] : []),
  ]
  const fixes = new Set(confirmations.map(fixOf).filter((fix) => fix !== undefined))
  const warnings = warningsOf(report).map((warning) => plainLine(`warning: ${warning}`))
  return [...tables, ...warnings, ...[...fixes].map((fix) => plainLine(`fix: ${fix}`))].join('\n\n')
}

const warningsOf = (report: PublishReport): string[] => [...signingWarnings(report), ...unknownWarnings(report)]

/** It is reported whether the revocation is planned or done: a dry run with --yes shows what --yes does. */
function signingWarnings({ revocation, mode }: PublishReport): string[] {
  if (revocation?.signs !== true) return []
  const effect = mode === 'dry-run' ? 'once it is revoked, every exchange is refused' : 'every exchange is refused'
  return [
    `key ${quote(revocation.keyId)} signs the cluster's tokens now: ${effect} until the API servers sign with another key, and pull secrets expire within the hour`,
  ]
}

/** An earlier key that no key state records, or a key that another client published. */
const unknownWarnings = ({ unknown = [], to = 'TARGET' }: PublishReport): string[] =>
  unknown.map(({ keyId = '' }) => {
    const named = keyId === '' ? 'a key without kid' : `key ${quote(keyId)}`
    const revoke = `pullpass issuer revoke --to ${shellQuote(to)} -- ${shellQuote(keyId)}`
    return `${named} is published, but no API server serves it, and none is known to have served it: with its private key, tokens can be signed that clouds accept for every service account of this cluster. If it is not an earlier key of this cluster: ${revoke}, and check who may write to ${to}`
  })

function describeChange(name: DocumentName, { outcome, mode }: PublishReport): string {
  const differs = whatDiffers(name, outcome)
  const result = documentResult(outcome.changes[name] ?? 'unchanged', mode)
  return `${result}${differs === undefined ? '' : `: ${differs}`}`
}

function revocationRows({ revocation, mode }: PublishReport): string[][] {
  if (revocation === undefined) return []
  const { keyId, since, state } = revocation
  const already = since === undefined ? 'was already revoked' : `already revoked since ${rfc3339(since)}`
  const now = mode === 'dry-run' ? 'would be revoked' : 'revoked now, permanently'
  return [['revoked', `${keyId}, ${state === 'before' ? already : now}`]]
}

function renderKeys({ outcome: { keys }, mode }: PublishReport, color: 'always' | 'never'): string {
  const explained = keys.some(({ reason }) => reason !== undefined)
  const header = ['KEY', 'KIND', 'RESULT', ...(explained ? ['REASON'] : [])]
  const rows = keys.map(({ key, state, reason }) => [
    key.keyId ?? '(no kid)',
    kindOfKey(key),
    keyResult(state, mode),
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

// The result for programs

export function publishResult(report: PublishReport): IssuerPublishResult {
  return { kind: 'IssuerPublishResult', ...publication(report, report.confirmations) }
}

/** The check of the token does not count: the cluster may still sign with the revoked key. */
export function revokeResult(report: PublishReport & { readonly revocation: RevocationReport }): IssuerRevokeResult {
  const { keyId, since, state } = report.revocation
  const checked = report.confirmations.filter(({ check }) => check !== 'token')
  const result = report.mode === 'dry-run' ? 'would-revoke' : 'revoked'
  return {
    kind: 'IssuerRevokeResult',
    ...publication(report, checked),
    revocation: {
      kid: keyId,
      result: state === 'before' ? 'unchanged' : result,
      ...(since && { revokedAt: instant(since) }),
    },
  }
}

/** `counted`: checks that decide the result. */
function publication(report: PublishReport, counted: readonly Confirmation[]): Publication {
  const { issuer, target, mode, outcome, confirmations } = report
  const safe = safeKeys(report)
  return {
    result: overall(counted.some(({ state }) => state === 'failed') ? 1 : 0),
    dryRun: mode === 'dry-run',
    issuer,
    target: target.name,
    documents: target.facts.stores.map((name) => ({
      path: documentPaths[name],
      result: documentResult(outcome.changes[name] ?? 'unchanged', mode),
      changedMembers: changedMembers(name, outcome),
    })),
    keys: outcome.keys.map(({ key, state, reason }) => {
      const safeAt = safe.get(key.keyId)
      return {
        ...keyItem(key),
        result: keyResult(state, mode),
        ...(reason !== undefined && { reason }),
        ...(safeAt && { safeToSignAt: wholeSeconds(safeAt) }),
      }
    }),
    checks: confirmations.map(checkItem),
    warnings: warningsOf(report),
  }
}

const checkItem = ({
  check,
  state,
  seen,
  url,
  cacheSeconds,
  because,
  hint,
  command,
}: Confirmation): PublicationCheck => ({
  check,
  result: state,
  seen,
  ...(url !== undefined && { url }),
  ...(cacheSeconds !== undefined && { cacheSeconds }),
  ...(because !== undefined && { causedBy: because }),
  ...remedyItem({ hint, command }),
})

function documentResult(
  change: 'created' | 'updated' | 'unchanged',
  mode: PublishReport['mode'],
): PublishedDocument['result'] {
  if (mode === 'write' || change === 'unchanged') return change
  return change === 'created' ? 'would-create' : 'would-update'
}

function keyResult(
  state: PublishOutcome['keys'][number]['state'],
  mode: PublishReport['mode'],
): PublishedKey['result'] {
  if (state === 'left out') return 'left-out'
  if (mode === 'write' || state === 'kept') return state
  return state === 'added' ? 'would-add' : 'would-withdraw'
}
