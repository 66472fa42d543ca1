/** `pullpass inspect secret`: reads a pull secret, evaluates it, and prints it without its credential. */
import { composeMessage } from '../../errors/pullpass-error.ts'
import { connect } from '../../kubernetes/connect.ts'
import { inspectPullSecret, readSecret, type SecretVerdict } from '../../refresh/inspect-pull-secret.ts'
import type { EntryEvaluation } from '../../registry/check-pull-secret.ts'
import { instantAndDistance, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import type { Call, ExitCode } from '../command-line/command.ts'
import type { clusterFlags, outputFlags } from '../command-line/flags.ts'
import { errorDetail, instant, overall, renderResult } from '../command-line/output.ts'
import type { InspectedEntry, InspectSecretResult } from '../output/inspect.ts'
import type { SecretTarget } from './target.ts'

export async function inspectSecret(
  target: SecretTarget,
  { flags, context, terminal }: Call<typeof clusterFlags & typeof outputFlags>,
): Promise<ExitCode> {
  const cluster = await connect(flags, context)
  try {
    const secret = await readSecret(cluster, target.secret)
    const now = context.now()
    const verdict = inspectPullSecret(target, secret, now)
    if (flags.output === undefined) {
      terminal.print(renderSecret(target, verdict, now, terminal.color))
    } else {
      terminal.print(await renderResult(secretResult(target, verdict), flags.output, context.secrets))
    }
    return verdict.problems.length === 0 ? 0 : 1
  } finally {
    await cluster.close()
  }
}

function renderSecret(
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
    renderVerdict(verdict, image?.name).join('\n'),
  ].join('\n\n')
}

function renderManagers({ managers, otherManagers }: SecretVerdict): string {
  if (managers.length > 0) return managers.join(', ')
  if (otherManagers.length === 0) return 'no field manager is recorded'
  return `${otherManagers.join(', ')}; none owns .dockerconfigjson`
}

function entryRow(
  { host, username, expiresAt, fit }: EntryEvaluation,
  tried: SecretVerdict['tried'],
  now: Date,
): string[] {
  const expiry = expiresAt === undefined ? 'unknown' : instantAndDistance(expiresAt, now)
  if (fit === undefined || tried === undefined) return [host, username, expiry]
  const position = tried.indexOf(host) + 1
  return [host, username, expiry, position === 0 ? `not tried: ${fit}` : `tried as no. ${position}`]
}

function renderVerdict({ problems, notes, tried }: SecretVerdict, image: string | undefined): string[] {
  const remarks = notes.map((note) => plainLine(`note: ${note}`))
  if (problems.length > 0) return [...problems.map(composeMessage), ...remarks]
  const use = image === undefined ? '' : `, and uses ${tried?.join(', then ')} for ${image}`
  return [...remarks, plainLine(`A kubelet can parse it${use}.`)]
}

function secretResult({ secret, image }: SecretTarget, verdict: SecretVerdict): InspectSecretResult {
  const { type, managers, otherManagers, document, refreshedAt, entries, parsing, tried, problems, notes } = verdict
  return {
    kind: 'InspectSecretResult',
    result: overall(problems.length === 0 ? 0 : 1),
    ...secret,
    type,
    managers,
    otherManagers,
    ...(document !== undefined && { document }),
    ...(refreshedAt && { refreshedAt: instant(refreshedAt) }),
    entries: entries.map(entryItem),
    kubelet: {
      parses: parsing === 'succeeds',
      ...(image && { image: image.name }),
      ...(tried && { triedHosts: tried }),
    },
    errors: problems.map(errorDetail),
    notes,
  }
}

const entryItem = ({ host, username, expiresAt, fit }: EntryEvaluation): InspectedEntry => ({
  host,
  username,
  ...(expiresAt && { expiresAt: instant(expiresAt) }),
  ...(fit && { match: matches[fit] }),
})

const matches = {
  fits: 'match',
  'other host': 'other-host',
  'other port': 'other-port',
  'other path': 'other-path',
} as const
