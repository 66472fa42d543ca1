/** Which documents need an exchange: with `--min-remaining`, none is needed for a document whose Secrets are all fresh. */

import {
  type PullSecretRecord,
  parseRecord,
  type RegistryRecord,
  recordAnnotations,
} from '../credential/pull-secret-record.ts'
import { rereadSeconds } from '../credential/registry-credential.ts'
import type { Document, DocumentRegistry } from '../document/document.ts'
import { environmentSource } from '../document/load-documents.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { mintedFrom } from './exchange-requests.ts'
import { expiryOf, type Outcome } from './outcome.ts'
import { documentName, type ExistingSecrets, type Job } from './plan.ts'

export interface Split {
  readonly due: readonly Job[]
  /** Of the documents that are not due. */
  readonly fresh: readonly Outcome[]
}

/** A document is due if one of its Secrets is, so that its Secrets stay equal. */
export function splitByFreshness(
  jobs: readonly Job[],
  existing: ExistingSecrets,
  { minRemainingMs, now }: { readonly minRemainingMs: number; readonly now: Date },
): Split {
  const isFresh = ({ document, namespaces }: Job) => {
    const { found } = existing(document)
    const evaluate = evaluateFreshness(document, { minRemainingMs, now })
    return namespaces.every((namespace) => evaluate(namespace, found.get(namespace)) === 'fresh')
  }
  const fresh = jobs.filter(isFresh)
  return {
    due: jobs.filter((job) => !fresh.includes(job)),
    fresh: fresh.flatMap((job) => job.namespaces.map((namespace) => unchanged(job, namespace, existing))),
  }
}

function unchanged({ document }: Job, namespace: string, existing: ExistingSecrets): Outcome {
  const found = existing(document).found.get(namespace)
  const record = found && recordFor(document, found)
  const entryOf = entriesFor(document)
  const registries = document.registries.map((registry) => {
    const { name, hosts } = registry
    const entry = record && entryOf(registry, record.registries)
    return { name, hosts, state: 'fresh', ...expiryOf(entry) } as const
  })
  const { secretName } = document
  const replaced = found !== undefined && replacedManager(document, found) !== undefined
  const note = replaced ? { note: 'written from the environment variables; taken over when it is due' } : {}
  return { document: documentName(document), namespace, secretName, result: 'unchanged', registries, ...note }
}

export interface FreshnessTerms {
  /** How long each entry must still be valid. */
  readonly minRemainingMs: number
  readonly now: Date
}

/** The longest lifetime of any vendor's credential, plus clock skew: no vendor granted a longer one. Milliseconds. */
export const longestLifeMs: number = (12 * 60 + 10) * 60_000

/** fresh: written for this document as it is now (or from the variables that it replaces), not edited, and each entry is valid for long enough. */
export function evaluateFreshness(
  document: Document,
  { minRemainingMs, now }: FreshnessTerms,
): (namespace: string, found: PullSecretMetadata | undefined) => 'fresh' | 'due' {
  const entryOf = entriesFor(document)
  return (namespace, found) => {
    const manager = found && (replacedManager(document, found) ?? fieldManager(document))
    if (found === undefined || manager === undefined || !found.owners.label.includes(manager)) return 'due'
    const record = recordFor(document, found)
    if (record === undefined || record.target !== `${namespace}/${document.secretName}`) return 'due'
    if (record.registries.size !== document.registries.length) return 'due'
    const fresh = document.registries.every((registry) => {
      const usableUntil = endOf(entryOf(registry, record.registries))
      return usableUntil !== undefined && isValidFor(usableUntil - now.getTime(), minRemainingMs)
    })
    return fresh ? 'fresh' : 'due'
  }
}

/**
 * A registry's entry in a record, where it was minted from the present document, for the same hosts: by its name, which
 * the variables cannot choose, or else by what it is.
 */
export function entriesFor(
  document: Document,
): (registry: DocumentRegistry, records: ReadonlyMap<string, RegistryRecord>) => RegistryRecord | undefined {
  const sources = new Map(document.registries.map((registry) => [registry, mintedFrom(document, registry)]))
  return (registry, records) =>
    [records.get(registry.name), ...records.values()].find(
      (entry) =>
        entry !== undefined && entry.mintedFrom === sources.get(registry) && sameHosts(entry.hosts, registry.hosts),
    )
}

/** An entry for the same hosts that was minted from an earlier form of the document: pods pull with it until it expires. */
export function earlierEntry(
  { name, hosts }: DocumentRegistry,
  records: ReadonlyMap<string, RegistryRecord>,
): RegistryRecord | undefined {
  const entry = records.get(name)
  return entry !== undefined && hosts.every((host) => entry.hosts.includes(host)) ? entry : undefined
}

/** An entry of unknown expiry is treated as one that ends when it is to be read again. */
export const endOf = (entry: RegistryRecord | undefined): number | undefined =>
  entry?.expiresAt?.getTime() ?? (entry?.readAt && entry.readAt.getTime() + rereadSeconds * 1000)

const isValidFor = (remainingMs: number, minRemainingMs: number) =>
  remainingMs >= minRemainingMs && remainingMs <= longestLifeMs

const sameHosts = (left: readonly string[], right: readonly string[]) =>
  left.length === right.length && left.every((host) => right.includes(host))

// What a pull secret records about itself, where the field manager of its document wrote it: changing a field takes it from
// its owner, so an owned field holds what its owner wrote, even if others claim the same value.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management

/** undefined where another manager wrote the credential, or part of the record. */
export function ownRecord({ annotations, owners }: PullSecretMetadata, manager: string): PullSecretRecord | undefined {
  const ours =
    owners.data.includes(manager) &&
    recordAnnotations.every((name) => owners.annotations.get(name)?.includes(manager) === true)
  return ours ? parseRecord(annotations) : undefined
}

const fromVariables = 'environment/'

/** A document's name in the record of its Secrets: `ClusterPullSecret/NAME`; `environment/NAME` where variables describe it. */
export const recordedName = (document: Document): string =>
  document.source === environmentSource ? `${fromVariables}${document.name}` : documentName(document)

/**
 * The manager of the variables that a document replaces: a cluster that moves from the variables to a document of another
 * name keeps its Secrets. One way only, so that the two never take a Secret from each other in turn; and not for a tenant's
 * document, which must not take over a Secret of the cluster.
 * undefined where the Secret was not written from variables, or another manager owns part of it.
 */
export function replacedManager(document: Document, found: PullSecretMetadata): string | undefined {
  const { kind, secretName, source } = document
  if (source === environmentSource || kind !== 'ClusterPullSecret') return undefined
  const manager = fieldManager({ kind, name: secretName }) // variables name a document after its Secret
  const [owner, ...others] = found.owners.data
  if (owner !== manager || others.length > 0 || manager === fieldManager(document)) return undefined
  return ownRecord(found, manager)?.document.startsWith(fromVariables) ? manager : undefined
}

/** The record that counts for a document: its own, or that of the variables that it replaces. */
export const recordFor = (document: Document, found: PullSecretMetadata): PullSecretRecord | undefined =>
  ownRecord(found, replacedManager(document, found) ?? fieldManager(document))
