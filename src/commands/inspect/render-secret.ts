/** A pull secret, for people. */
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
  const { type, managers, document, refreshedAt, entries } = verdict
  const facts = [
    ['secret', `${secret.namespace}/${secret.name}`],
    ['type', type],
    ['managed by', managers.length === 0 ? 'nobody that Kubernetes knows of' : managers.join(', ')],
    ...(document === undefined ? [] : [['document', document]]),
    ...(refreshedAt === undefined ? [] : [['refreshed', instantAndDistance(refreshedAt, now)]]),
  ]
  const header = ['HOST', 'USER', 'EXPIRES', ...(image === undefined ? [] : ['FOR THIS IMAGE'])]
  const rows = entries.map((entry) => entryRow(entry, now))
  return [
    renderTable({ rows: facts }, color),
    ...(entries.length === 0 ? [] : [renderTable({ header, rows }, color)]),
    renderVerdict(verdict, image?.name).join('\n'),
  ].join('\n\n')
}

function entryRow({ host, username, expiresAt, fit, tried }: EntryVerdict, now: Date): string[] {
  const expiry = expiresAt === undefined ? 'unknown' : instantAndDistance(expiresAt, now)
  if (fit === undefined) return [host, username, expiry]
  return [host, username, expiry, tried === undefined ? `not tried: ${fit}` : `tried as no. ${tried}`]
}

function renderVerdict({ problems, notes, entries }: SecretVerdict, image: string | undefined): string[] {
  const remarks = notes.map((note) => `note: ${note}`)
  if (problems.length > 0) return [...problems.map((problem) => `problem: ${problem}`), ...remarks]
  const hosts = entries.filter(({ tried }) => tried !== undefined).map(({ host }) => host)
  const use = image === undefined ? '' : `, and uses ${hosts.join(', then ')} for ${image}`
  return [...remarks, `A kubelet can parse it${use}.`]
}
