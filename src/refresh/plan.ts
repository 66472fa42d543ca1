/** Which Secret is written to which namespace, from the documents and the namespaces of the cluster: pure. */

import type { Document } from '../document/document.ts'
import { chooseNamespaces } from '../document/namespaces.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { Listed } from '../kubernetes/objects/list.ts'
import type { Namespace } from '../kubernetes/objects/namespaces.ts'
import { listPullSecrets, type PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'

/** One document, with the namespaces that it selects. */
export interface Job {
  readonly document: Document
  readonly namespaces: readonly string[]
  /** Selected, but being deleted: nothing can be written there, and no pod starts there. */
  readonly terminating: readonly string[]
  /** Selected by name, and do not exist. */
  readonly missing: readonly string[]
  /** Globs that match no namespace. */
  readonly unmatched: readonly string[]
}

/** Whether the document selects no namespace at all, not even one that does not exist. */
export const selectsNothing = ({ namespaces, terminating, missing }: Job): boolean =>
  namespaces.length + terminating.length + missing.length === 0

/**
 * `namespaces`: of the cluster; undefined if no document needs their list: then each named one counts as existing.
 * @throws SECRET_CLAIMED_TWICE
 */
export function planRefresh(documents: readonly Document[], namespaces: readonly Namespace[] | undefined): Job[] {
  const jobs = documents.map((document) => planDocument(document, namespaces))
  refuseDoubleClaims(jobs)
  return jobs
}

function planDocument(document: Document, namespaces: readonly Namespace[] | undefined): Job {
  const known =
    namespaces ?? (document.namespaces.include ?? []).map((name) => ({ name, labels: {}, terminating: false }))
  const { chosen, missing, unmatched } = chooseNamespaces(document.namespaces, known)
  const ending = new Set(known.filter(({ terminating }) => terminating).map(({ name }) => name))
  return {
    document,
    namespaces: chosen.filter((name) => !ending.has(name)),
    terminating: chosen.filter((name) => ending.has(name)),
    missing,
    unmatched,
  }
}

function refuseDoubleClaims(jobs: readonly Job[]): void {
  const claims = new Map<string, Document>()
  for (const { document, namespaces } of jobs) {
    for (const namespace of namespaces) {
      const target = `${namespace}/${document.secretName}`
      const first = claims.get(target)
      if (first !== undefined) throw claimedTwice(target, first, document)
      claims.set(target, document)
    }
  }
}

const claimedTwice = (target: string, first: Document, second: Document) =>
  new PullpassError({
    code: 'SECRET_CLAIMED_TWICE',
    hop: 'document',
    seen: `Secret ${target} is claimed by ${first.kind} ${first.name} (${first.source}) and by ${second.kind} ${second.name} (${second.source})`,
    expected: 'one document for each Secret',
    hint: 'merge their registries into one document, or give one of them another secretName or other namespaces',
  })

/** The existing Secrets that a document would write: the metadata of each, and why some could not be read. */
export type ExistingSecrets = (document: Document) => Listed<PullSecretMetadata>

/** One list for each Secret name, however many documents and namespaces. */
export async function listExistingSecrets(jobs: readonly Job[], cluster: Cluster): Promise<ExistingSecrets> {
  const namespacesByName = new Map<string, string[]>()
  for (const { document, namespaces } of jobs) {
    namespacesByName.set(document.secretName, [...(namespacesByName.get(document.secretName) ?? []), ...namespaces])
  }
  const lists = new Map(
    await Promise.all(
      [...namespacesByName].map(
        async ([name, namespaces]) => [name, await listPullSecrets(cluster, name, namespaces)] as const,
      ),
    ),
  )
  return ({ secretName }) => lists.get(secretName) ?? { found: new Map(), faults: new Map() }
}

/** A document's name in output and annotations: `ClusterPullSecret/NAME`, `PullSecret/NAMESPACE/NAME`. */
export function documentName({ kind, namespace, name }: Pick<Document, 'kind' | 'namespace' | 'name'>): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}

/** Whether this is the name of a PullSecret. */
export const isOfTenants = (document: string): boolean => document.startsWith('PullSecret/')

// Whether a command can honour all fields of a document.

/** A field that the command cannot honour, with the one value that it satisfies, why, and what can be done instead of its removal. */
export interface UnsupportedField {
  readonly field: 'stuckPods' | 'deletionPolicy'
  readonly only: string
  readonly reason: string
  readonly instead: string
}

/** For what a document in a file cannot have. */
export const customResource =
  'install the controller with pullpass manifests --controller --custom-resources, and apply the document with kubectl'

/** Of one pass, as of a CronJob. */
const unsupportedByOnePass: readonly UnsupportedField[] = [
  {
    field: 'stuckPods',
    only: 'Ignore',
    reason: 'only the controller watches pods',
    instead: 'install the controller with pullpass manifests --controller',
  },
  {
    field: 'deletionPolicy',
    only: 'Retain',
    reason:
      'only the controller observes that a document is deleted, and only that of a custom resource; refresh --prune deletes Secrets that it no longer selects',
    instead: customResource,
  },
]

/** Why one pass refuses the document; undefined: it honours every field. */
export const onePassFault = (document: Document): PullpassError | undefined =>
  unsupportedFault(document, unsupportedByOnePass)

/** @throws DOCUMENT_INVALID */
export function checkOnePass(document: Document): void {
  const fault = onePassFault(document)
  if (fault !== undefined) throw fault
}

/** Of the first of these fields that has another value. */
export function unsupportedFault(document: Document, fields: readonly UnsupportedField[]): PullpassError | undefined {
  for (const { field, only, reason, instead } of fields) {
    const value = document[field]
    if (value === only) continue
    return new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `${document.source}: spec.${field} is ${value} in ${document.kind} ${document.name}`,
      expected: `${only}: ${reason}`,
      hint: `remove ${field}: ${value}, or ${instead}`,
      details: { instead },
    })
  }
  return undefined
}
