/** Which documents need an exchange: with `--min-remaining`, none is needed for a document whose Secrets are all fresh. */

import type { RegistryRecord } from '../credential/pull-secret-record.ts'
import { rereadSeconds } from '../credential/registry-credential.ts'
import { type Document, type DocumentRegistry, documentName } from '../document/document.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { mintFingerprint } from './exchange-requests.ts'
import type { ExistingSecrets } from './existing-secrets.ts'
import { expiryOf, type Outcome } from './outcome.ts'
import { recordFor, replacedManager } from './own-record.ts'
import type { Job } from './plan.ts'

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
  const fingerprints = new Map(document.registries.map((registry) => [registry, mintFingerprint(document, registry)]))
  return (registry, records) =>
    [records.get(registry.name), ...records.values()].find(
      (entry) =>
        entry !== undefined &&
        entry.mintedFrom === fingerprints.get(registry) &&
        sameHosts(entry.hosts, registry.hosts),
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
