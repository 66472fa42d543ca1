/** Which pull secrets documents request, compared with those that exist: pure. */
import type { RegistryRecord } from '../credential/pull-secret-record.ts'
import { documentName } from '../document/document.ts'
import type { ErrorFacts } from '../errors/pullpass-error.ts'
import { entriesFor } from '../refresh/freshness.ts'
import type { Job } from '../refresh/plan.ts'
import { boundedList, type PullSecretStatus } from './evaluate.ts'
import type { Origin, PullSecretFacts } from './facts.ts'

/** The Secrets of documents, in the scope of the table. */
export interface Desired {
  /** By NAMESPACE/NAME: the document, and whether the namespace exists. */
  readonly targets: ReadonlyMap<string, Target>
  readonly documents: ReadonlySet<string>
}

interface Target {
  readonly document: string
  readonly namespaceExists: boolean
  /** Names of the registries that have no entry of the document as it is now. */
  readonly lacking: (records: ReadonlyMap<string, RegistryRecord>) => string[]
}

interface Scope {
  /** Empty: all. */
  readonly namespaces: readonly string[]
  /** Empty: all. */
  readonly names: readonly string[]
}

export function listDesired(jobs: readonly Job[], { namespaces: only, names }: Scope): Desired {
  const targets = new Map<string, Target>()
  for (const { document, namespaces, missing } of jobs) {
    const { secretName } = document
    if (names.length > 0 && !names.includes(secretName)) continue
    const name = documentName(document)
    const entryOf = entriesFor(document)
    const lacking: Target['lacking'] = (records) =>
      document.registries.filter((one) => entryOf(one, records) === undefined).map((one) => one.name)
    for (const [list, namespaceExists] of [[namespaces, true] as const, [missing, false] as const]) {
      const target = { document: name, namespaceExists, lacking } // one object for 10,000 namespaces
      for (const namespace of list) {
        if (only.length === 0 || only.includes(namespace)) targets.set(`${namespace}/${secretName}`, target)
      }
    }
  }
  return { targets, documents: new Set(jobs.map(({ document }) => documentName(document))) }
}

/** The status of a Secret that exists, with what documents state about it. */
export function compareWithDesired(
  { namespace, name, origin, managers }: PullSecretFacts,
  status: PullSecretStatus,
  { targets, documents }: Desired,
): PullSecretStatus {
  const target = targets.get(`${namespace}/${name}`)
  const writtenFor = origin.kind === 'ours' ? origin.record.document : undefined
  if (target === undefined) return documents.has(writtenFor ?? '') ? unused(status, writtenFor ?? '') : status
  const isOther = origin.kind === 'other' || origin.kind === 'copy'
  // What was written from the variables of the script is taken over.
  const isOfAnother =
    writtenFor !== undefined && writtenFor !== target.document && !writtenFor.startsWith('environment/')
  if (!isOther && !isOfAnother) return writtenFor === target.document ? withLacking(status, target, origin) : status
  const [owner, fix] = isOfAnother
    ? [
        `was written for ${writtenFor}`,
        `; or, if ${target.document} replaces ${writtenFor}: remove that one, then once pullpass refresh -f FILE --adopt`,
      ]
    : [
        `is managed by ${boundedList(managers) || 'another client'}`,
        ', or take it over: spec.conflictPolicy: Adopt, or once pullpass refresh -f FILE --adopt',
      ]
  const problem = notOurs(`${namespace}/${name}`, { owner, fix, document: target.document })
  return { ...status, problems: [...status.problems, problem] }
}

/** The Secret was written for an earlier form of the document, or an exchange fails since. */
function withLacking(status: PullSecretStatus, { lacking }: Target, origin: Origin): PullSecretStatus {
  const names = origin.kind === 'ours' ? lacking(origin.record.registries) : []
  if (names.length === 0) return status
  const note = `no entry of the document as it is now for ${boundedList(names)}: not refreshed since the document was changed`
  return { ...status, notes: [...status.notes, note] }
}

/** It keeps its credential until that expires, which is not a problem. */
const unused = (status: PullSecretStatus, document: string): PullSecretStatus => ({
  ...status,
  state: 'unused',
  problems: [],
  notes: [
    ...status.notes,
    `${document} does not select it any more: it is not refreshed; if no pod names it, pullpass refresh -f FILE --prune deletes it`,
  ],
})

export interface MissingSecret {
  readonly document: string
  readonly facts: PullSecretFacts
  readonly status: PullSecretStatus
}

/** Those that do not exist. */
export function missingSecrets({ targets }: Desired, exists: ReadonlySet<string>): MissingSecret[] {
  return [...targets].flatMap(([key, { document, namespaceExists }]): MissingSecret[] => {
    if (exists.has(key)) return []
    const [namespace = '', name = ''] = key.split('/')
    const seen = namespaceExists
      ? `Secret ${key} of ${document} does not exist`
      : `namespace ${namespace}, which ${document} names, does not exist`
    const status = { ...missing, problems: [problemOf(seen, namespaceExists)] }
    return [{ document, facts: { ...absent, namespace, name }, status }]
  })
}

const absent = {
  managers: [],
  createdAt: undefined,
  writtenAt: undefined,
  deleting: false,
  origin: { kind: 'other' },
} as const
const missing = { state: 'missing', entries: [], notes: [], changesAt: undefined } as const

type DesiredProblem = ErrorFacts & {
  readonly code: 'SECRET_NOT_FOUND' | 'NAMESPACE_NOT_FOUND' | 'SECRET_NOT_OURS'
}

const problemOf = (seen: string, namespaceExists: boolean): DesiredProblem => ({
  code: namespaceExists ? 'SECRET_NOT_FOUND' : 'NAMESPACE_NOT_FOUND',
  hop: 'kubernetes',
  seen,
  expected: namespaceExists
    ? 'a pull secret in every namespace that the document selects'
    : 'every namespace that a document names',
  hint: namespaceExists
    ? 'pullpass doctor -f FILE finds out why it was not written'
    : 'kubectl create namespace NAMESPACE creates it; or remove it from the document',
})

const notOurs = (
  secret: string,
  { owner, fix, document }: { readonly owner: string; readonly fix: string; readonly document: string },
): DesiredProblem => ({
  code: 'SECRET_NOT_OURS',
  hop: 'kubernetes',
  seen: `Secret ${secret} ${owner}, not for ${document}, which selects it`,
  expected: `one that pullpass created for ${document}, or none`,
  hint: `choose another spec.secretName${fix}`,
})
