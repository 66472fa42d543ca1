/** A pull secret, for people. */
import { plainLine } from '../../outside/plain-text.ts'
import type { EntryVerdict } from '../../registry/judge-pull-secret.ts'
import { instantAndDistance } from '../../terminal/relative-time.ts'
import { renderTable } from '../../terminal/render-table.ts'
import type { SecretVerdict } from './judge-secret.ts'
import type { SecretTarget } from './parse-inspect-target.ts'

export function renderSecret(
  { secret, image }: SecretTarget,
  verdict: SecretVerdict,
  now: Date,
  color: 'always' | 'never',
): string {
  const { type, document, refreshedAt, entries } = verdict
  const facts = [
    ['secret', `${secret.namespace}/${secret.name}`],
    ['type', type],
    ['managed by', renderManagers(verdict)],
    ...(document === undefined ? [] : [['document', document]]),
    ...(refreshedAt === undefined ? [] : [['refreshed', instantAndDistance(refreshedAt, now)]]),
  ]
  const header = ['HOST', 'USER', 'EXPIRES', ...(image === undefined ? [] : ['FOR THIS IMAGE'])]
  const rows = entries.map((entry) => entryRow(entry, verdict.tried, now))
  return [
    renderTable({ rows: facts }, color),
    ...(entries.length === 0 ? [] : [renderTable({ header, rows }, color)]),
    renderVerdict(verdict, image?.name).map(plainLine).join('\n'),
  ].join('\n\n')
}

function renderManagers({ managers, otherManagers }: SecretVerdict): string {
  if (managers.length > 0) return managers.join(', ')
  if (otherManagers.length === 0) return 'nobody that Kubernetes knows of'
  return `${otherManagers.join(', ')}; none of them owns .dockerconfigjson`
}

function entryRow(
  { host, username, expiresAt, fit }: EntryVerdict,
  tried: SecretVerdict['tried'],
  now: Date,
): string[] {
  const expiry = expiresAt === undefined ? 'unknown' : instantAndDistance(expiresAt, now)
  if (fit === undefined || tried === undefined) return [host, username, expiry]
  const place = tried.indexOf(host) + 1
  return [host, username, expiry, place === 0 ? `not tried: ${fit}` : `tried as no. ${place}`]
}

function renderVerdict({ problems, notes, tried }: SecretVerdict, image: string | undefined): string[] {
  const remarks = notes.map((note) => `note: ${note}`)
  if (problems.length > 0) return [...problems.map((problem) => `problem: ${problem}`), ...remarks]
  const use = image === undefined ? '' : `, and uses ${tried?.join(', then ')} for ${image}`
  return [...remarks, `A kubelet can parse it${use}.`]
}
