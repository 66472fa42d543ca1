/** Which Secret is written to which namespace, from the documents and the namespaces of the cluster: pure. */

import type { Document } from '../document/document.ts'
import { chooseNamespaces } from '../document/namespaces.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Namespace } from '../kubernetes/objects/namespaces.ts'

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
