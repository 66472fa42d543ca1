/** The state of pull secrets: a table, its summary, and a document for programs. */
import { earliest } from '../../credential/registry-credential.ts'
import type { PullpassError } from '../../errors/pullpass-error.ts'
import { compareWithDesired, type Desired, missingSecrets } from '../../status/desired.ts'
import type { ResourceState } from '../../status/documents.ts'
import {
  boundedList,
  createEvaluation,
  type EntryStatus,
  type PullSecretState,
  type PullSecretStatus,
} from '../../status/evaluate.ts'
import type { PullSecretFacts } from '../../status/facts.ts'
import { type Cell, columnWidths, relativeTime, renderTable, type Table } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import { shellQuote } from '../../text/shell.ts'
import type { Terminal } from '../command-line/command.ts'
import { errorDetail, instant, overall } from '../command-line/output.ts'
import type {
  DocumentStatus,
  RegistryStatus,
  SecretStatus,
  StatusChange,
  StatusCounts,
  StatusResult,
} from '../output/status.ts'

/** A pull secret of one cluster, at one time. */
export interface EvaluatedSecret {
  /** Of the kubeconfig; absent: the current one. */
  readonly context: string | undefined
  readonly facts: PullSecretFacts
  readonly status: PullSecretStatus
  /** Of one that does not exist. */
  readonly document?: string
}

/** All at the same time. */
export function createEvaluator(now: Date): (context: string | undefined, facts: PullSecretFacts) => EvaluatedSecret {
  const evaluate = createEvaluation(now)
  return (context, facts) => ({ context, facts, status: evaluate(facts) })
}

/** With those that are missing, by namespace and name. */
export function withDesired(
  secrets: readonly EvaluatedSecret[],
  desired: Desired,
  { context }: Pick<EvaluatedSecret, 'context'>,
): EvaluatedSecret[] {
  const exists = new Set<string>()
  const compared = secrets.map((secret) => {
    exists.add(keyOf(secret))
    const status = compareWithDesired(secret.facts, secret.status, desired)
    return status === secret.status ? secret : { ...secret, status }
  })
  const missing = missingSecrets(desired, exists).map(({ document, ...one }) => ({ context, document, ...one }))
  if (missing.length === 0) return compared
  return [...compared, ...missing].toSorted((one, other) => compareText(keyOf(one), keyOf(other)))
}

const keyOf = ({ facts: { namespace, name } }: EvaluatedSecret) => `${namespace}/${name}`
const compareText = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

export const hasProblem = ({ status }: EvaluatedSecret): boolean => status.problems.length > 0

export interface StatusForm {
  readonly now: Date
  readonly width: 'narrow' | 'wide'
  /** Whether a column names the context. */
  readonly contexts: 'one' | 'several'
}

export function statusTable(secrets: readonly EvaluatedSecret[], form: StatusForm): Table {
  const wide = form.width === 'wide' ? ['MANAGER', 'DOCUMENT', 'HOSTS', 'CREATED'] : []
  const header = ['NAMESPACE', 'NAME', 'REGISTRIES', 'STATE', 'EXPIRES', 'REFRESHED', ...wide, 'PROBLEM']
  return {
    header: form.contexts === 'several' ? ['CONTEXT', ...header] : header,
    rows: secrets.map((secret) => statusRow(secret, form)),
  }
}

/** So many rows are rendered together. */
const rowsOfPart = 100

/** The table in parts, with the same columns: the rows of 10,000 Secrets together are large. */
export function* renderStatusParts(
  secrets: readonly EvaluatedSecret[],
  form: StatusForm,
  { color, columns }: Pick<Terminal, 'color' | 'columns'>,
): Generator<string, void> {
  const parts = Array.from({ length: Math.ceil(secrets.length / rowsOfPart) }, (_, index) =>
    secrets.slice(index * rowsOfPart, (index + 1) * rowsOfPart),
  )
  const widths = parts.reduce<readonly number[]>(
    (before, part) => columnWidths({ ...statusTable(part, form), widths: before }),
    [],
  )
  for (const [index, part] of parts.entries()) {
    const { header, rows } = statusTable(part, form)
    yield renderTable({ ...(index === 0 && header && { header }), rows, widths }, color, columns)
  }
}

const tones: Readonly<Partial<Record<PullSecretState, 'good' | 'bad'>>> = {
  fresh: 'good',
  expired: 'bad',
  missing: 'bad',
}

/** `gone`: the Secret was deleted. */
export function statusRow(
  secret: EvaluatedSecret,
  { now, width, contexts }: StatusForm,
  existence: 'exists' | 'gone' = 'exists',
): Cell[] {
  const { context, facts, status } = secret
  const { state, entries, problems, notes } = status
  const tone = problems.length > 0 ? 'bad' : tones[state]
  const shownState = existence === 'gone' ? 'deleted' : state
  const words = [...problems.map(({ code, seen }) => `${code}: ${seen}`), ...notes.map((note) => `note: ${note}`)]
  const wide = [
    boundedList(facts.managers) || '-',
    documentOf(secret) ?? '-',
    boundedList(entries.flatMap(({ hosts }) => hosts)) || '-',
    agoOrNone(facts.createdAt, now),
  ]
  const cells: Cell[] = [
    facts.namespace,
    facts.name,
    boundedList(entries.map(({ name }) => name)) || '-',
    tone === undefined || existence === 'gone' ? shownState : { text: shownState, tone },
    entries.length === 0 ? '-' : agoOrNone(earliestExpiry(entries), now, 'unknown'),
    agoOrNone(recordOf(facts)?.refreshedAt ?? facts.writtenAt, now),
    ...(width === 'wide' ? wide : []),
    existence === 'gone' ? '' : words.join('; '),
  ]
  return contexts === 'several' ? [context ?? '-', ...cells] : cells
}

const agoOrNone = (at: Date | undefined, now: Date, none = '-') => (at === undefined ? none : relativeTime(at, now))

const documentOf = ({ facts, document }: EvaluatedSecret) => recordOf(facts)?.document ?? document

const recordOf = ({ origin }: PullSecretFacts) => (origin.kind === 'ours' ? origin.record : undefined)

const earliestExpiry = (entries: readonly EntryStatus[]): Date | undefined =>
  earliest(entries.map(({ expiresAt }) => expiresAt))

// The summary

const states = ['fresh', 'due', 'expired', 'unknown', 'missing', 'unused'] as const

function countStates(secrets: readonly EvaluatedSecret[]): StatusCounts {
  const counts = { fresh: 0, due: 0, expired: 0, unknown: 0, missing: 0, unused: 0, withErrors: 0 }
  for (const secret of secrets) {
    counts[secret.status.state] += 1
    if (hasProblem(secret)) counts.withErrors += 1
  }
  return counts
}

/** `3 pull secrets: 2 fresh, 1 expired; 1 has a problem; 1 of 2 custom resources is not ready.` And what to do about each kind of problem. */
export function renderSummary(
  secrets: readonly EvaluatedSecret[],
  resources: readonly ResourceState[] = [],
  files: readonly string[] = [],
): string {
  const counts = countStates(secrets)
  const parts = states.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`)
  const { withErrors } = counts
  const problems = `${withErrors === 0 ? 'none has' : withErrors === 1 ? '1 has' : `${withErrors} have`} a problem`
  const unready = resources.filter(({ problem }) => problem !== 'none').length
  const sentence = [
    ...(secrets.length === 0 ? ['No pull secrets'] : [`${plural(secrets.length)}: ${parts.join(', ')}`, problems]),
    ...(unready === 0
      ? []
      : [
          `${unready} of ${resources.length} custom ${resources.length === 1 ? 'resource' : 'resources'} ${unready === 1 ? 'is' : 'are'} not ready`,
        ]),
  ].join('; ')
  return [`${sentence}.`, ...renderFixes(secrets, files), ...renderUnevaluated(resources)].join('\n')
}

const plural = (count: number) => (count === 1 ? '1 pull secret' : `${count} pull secrets`)

function renderFixes(secrets: readonly EvaluatedSecret[], files: readonly string[]): string[] {
  const byCode = Map.groupBy(
    secrets.flatMap(({ status }) => status.problems),
    ({ code }) => code,
  )
  return [...byCode].map(([code, problems]) =>
    plainLine(`${code} (${plural(problems.length)}): ${withFiles(problems[0]?.hint ?? '', files)}`),
  )
}

/** `-f FILE` of a hint, as the files that were given. */
const withFiles = (hint: string, files: readonly string[]) =>
  files.length === 0 ? hint : hint.replaceAll('-f FILE', files.map((file) => `-f ${shellQuote(file)}`).join(' '))

function renderUnevaluated(resources: readonly ResourceState[]): string[] {
  const waiting = resources.filter(({ problem }) => problem === 'not evaluated')
  if (waiting.length === 0) return []
  const count = waiting.length === 1 ? '1 custom resource' : `${waiting.length} custom resources`
  const tenant = waiting.some(({ kind }) => kind === 'PullSecret')
    ? ' (for PullSecrets with --tenant-service-account)'
    : ''
  return [
    `NotEvaluated (${count}): check that a controller runs that uses custom resources${tenant}: kubectl get pods -A -l app.kubernetes.io/name=pullpass`,
  ]
}

// For programs

export interface ReadCluster {
  readonly context: string | undefined
  readonly server: string | undefined
  readonly secrets: readonly EvaluatedSecret[]
  readonly faults: readonly PullpassError[]
  readonly resources: readonly ResourceState[]
  readonly notes: readonly string[]
}

export const hasFailed = ({ secrets, faults, resources }: ReadCluster): boolean =>
  faults.length > 0 || secrets.some(hasProblem) || resources.some(({ problem }) => problem !== 'none')

export function statusResult(clusters: readonly ReadCluster[], shown: 'all' | 'problems'): StatusResult {
  const secrets = clusters.flatMap((cluster) => cluster.secrets)
  return {
    kind: 'StatusResult',
    result: overall(clusters.some(hasFailed) ? 1 : 0),
    clusters: clusters.map((cluster) => ({
      ...(cluster.context !== undefined && { context: cluster.context }),
      ...(cluster.server !== undefined && { server: cluster.server }),
      result: overall(hasFailed(cluster) ? 1 : 0),
      counts: countStates(cluster.secrets),
      errors: cluster.faults.map(errorDetail),
      documents: cluster.resources.filter(({ problem }) => shown === 'all' || problem !== 'none').map(resourceItem),
      notes: cluster.notes,
    })),
    secrets: secrets.filter((secret) => shown === 'all' || hasProblem(secret)).map(secretItem),
  }
}

export const statusChange = (type: StatusChange['type'], secret: EvaluatedSecret): StatusChange => ({
  kind: 'StatusChange',
  result: overall(hasProblem(secret) ? 1 : 0),
  type,
  secret: secretItem(secret),
})

/** Of one status, which many Secrets share. */
const registryItems = new WeakMap<readonly EntryStatus[], readonly RegistryStatus[]>()

export function secretItem(secret: EvaluatedSecret): SecretStatus {
  const { context, facts, status } = secret
  const { namespace, name, managers, createdAt, writtenAt } = facts
  const record = recordOf(facts)
  const document = documentOf(secret)
  const expiresAt = earliestExpiry(status.entries)
  const registries = registryItems.get(status.entries) ?? status.entries.map(registryItem)
  registryItems.set(status.entries, registries)
  return {
    ...(context !== undefined && { context }),
    namespace,
    name,
    result: status.state,
    ...(document !== undefined && { document }),
    managers,
    registries,
    ...(expiresAt && { expiresAt: instant(expiresAt) }),
    ...(record && { refreshedAt: instant(record.refreshedAt) }),
    ...(writtenAt && { writtenAt: instant(writtenAt) }),
    ...(createdAt && { createdAt: instant(createdAt) }),
    errors: status.problems.map(errorDetail),
    notes: status.notes,
  }
}

const registryItem = ({ name, hosts, state, expiresAt, dueAt }: EntryStatus): RegistryStatus => ({
  name,
  hosts,
  result: state,
  ...(expiresAt && { expiresAt: instant(expiresAt) }),
  dueAt: instant(dueAt),
})

const resourceItem = (resource: ResourceState): DocumentStatus => ({
  kind: resource.kind,
  ...(resource.namespace !== undefined && { namespace: resource.namespace }),
  name: resource.name,
  result: overall(resource.problem === 'none' ? 0 : 1),
  ready: resource.ready,
  reason: resource.reason,
  message: resource.message,
  ...(resource.namespaces && { namespaces: resource.namespaces }),
  ...(resource.expiresAt && { expiresAt: instant(resource.expiresAt) }),
})
