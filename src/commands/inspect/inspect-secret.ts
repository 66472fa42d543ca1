/** The story of `pullpass inspect secret`: read it, judge it as a kubelet would, show it without its credential. */

import { parseDockerConfig, pullSecretType } from '../../credential/docker-config.ts'
import { type PullSecretRecord, parseRecord } from '../../credential/pull-secret-record.ts'
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { isDocumentManager } from '../../kubernetes/objects/apply-pull-secret.ts'
import { foundIn } from '../../kubernetes/objects/list.ts'
import { type PullSecretContent, readPullSecretData } from '../../kubernetes/objects/pull-secrets.ts'
import { ownRecord } from '../../refresh/freshness.ts'
import {
  type EntryEvaluation,
  evaluatePullSecret,
  type PullSecretEvaluation,
} from '../../registry/check-pull-secret.ts'
import { instantAndDistance, renderTable } from '../../terminal/table.ts'
import { plainLine, shellQuote } from '../../text/plain-text.ts'
import { Redacted } from '../../text/redacted.ts'
import type { Call, ExitCode } from '../command.ts'
import type { clusterFlags, outputFlags } from '../flags.ts'
import type { InspectedEntry, InspectSecretResult } from '../output/inspect.ts'
import { instant, overall, renderResult } from '../output.ts'
import type { SecretTarget } from './target.ts'

export async function inspectSecret(
  target: SecretTarget,
  { flags, context, terminal }: Call<typeof clusterFlags & typeof outputFlags>,
): Promise<ExitCode> {
  const cluster = await connect(flags, context)
  try {
    const secret = await readSecret(cluster, target.secret)
    const now = context.now()
    const verdict = judgeSecret(target, secret, now)
    if (flags.output === undefined) {
      terminal.print(renderSecret(target, verdict, now, terminal.color))
    } else {
      terminal.print(await renderResult(secretResult(target, verdict), flags.output))
    }
    return verdict.problems.length === 0 ? 0 : 1
  } finally {
    await cluster.close()
  }
}

/** What is to be said of a Secret as a pull secret: whose it is, what a kubelet makes of it. Pure. */
interface SecretVerdict extends PullSecretEvaluation {
  readonly type: string
  /** Field managers that own the credential; empty: nobody is known to. */
  readonly managers: readonly string[]
  /** Field managers that own something else of the Secret. */
  readonly otherManagers: readonly string[]
  /** The document that it is made for, where pullpass made it. */
  readonly document: string | undefined
  readonly refreshedAt: Date | undefined
}

function judgeSecret({ secret: target, image }: SecretTarget, content: PullSecretContent, now: Date): SecretVerdict {
  const { type, annotations, owners, managers, deleting, dockerConfigJson } = content
  const record = parseRecord(annotations)
  const doubts = record === undefined ? [] : doubtsOf(record, content, `${target.namespace}/${target.name}`)
  // What annotations say of a credential that somebody else wrote is not about this credential.
  const believed = doubts.length === 0 ? record : undefined
  const wrongType = type === pullSecretType ? [] : [`its type is ${type}: no kubelet takes it as ${pullSecretType}`]
  const config = parseDockerConfig(dockerConfigJson ?? new Redacted('null'))
  const verdict = evaluatePullSecret({ config, registries: believed?.registries ?? new Map(), image }, now)
  return {
    ...verdict,
    problems: [...wrongType, ...verdict.problems],
    notes: [...doubts, ...(deleting ? ['it is being deleted'] : []), ...verdict.notes],
    type,
    managers: owners.data,
    otherManagers: managers.filter((name) => !owners.data.includes(name)),
    document: believed?.document,
    refreshedAt: believed?.refreshedAt,
  }
}

function doubtsOf(record: PullSecretRecord, content: PullSecretContent, target: string): string[] {
  const copied = record.target === target ? [] : [`it is a copy, by something else, of the Secret ${record.target}`]
  const manager = content.owners.data.find(isDocumentManager)
  if (manager === undefined) {
    const seen = `its annotations are pullpass's, for ${record.document}, but its credential was written by something else`
    return [...copied, seen]
  }
  const edited = ownRecord(content, manager) === undefined
  return [...copied, ...(edited ? ['its annotations were changed by something else: its expiry is not believed'] : [])]
}

// One Secret with all that is in it, for who asked to see it.

/** @throws SECRET_NOT_FOUND, and what a list throws */
async function readSecret(cluster: Cluster, { namespace, name }: NamespacedName): Promise<PullSecretContent> {
  const secret = foundIn(await readPullSecretData(cluster, name, [namespace]), namespace)
  if (secret !== undefined) return secret
  throw new PullpassError({
    code: 'SECRET_NOT_FOUND',
    hop: 'kubernetes',
    seen: `Secret ${namespace}/${name} does not exist`,
    expected: 'a pull secret',
    hint: `kubectl get secrets -n ${shellQuote(namespace)} --field-selector type=kubernetes.io/dockerconfigjson`,
  })
}

/** A pull secret, for people. */
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
    renderVerdict(verdict, image?.name).map(plainLine).join('\n'),
  ].join('\n\n')
}

function renderManagers({ managers, otherManagers }: SecretVerdict): string {
  if (managers.length > 0) return managers.join(', ')
  if (otherManagers.length === 0) return 'nobody that Kubernetes knows of'
  return `${otherManagers.join(', ')}; none of them owns .dockerconfigjson`
}

function entryRow(
  { host, username, expiresAt, fit }: EntryEvaluation,
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

// The result for programs. No credential is part of it.

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
    problems,
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
