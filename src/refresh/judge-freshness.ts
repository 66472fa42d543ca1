/** Whether a pull secret needs nothing: pure, by its metadata. */
import type { RegistryRecord } from '../credential/pull-secret-record.ts'
import type { Document, DocumentRegistry } from '../document/document.ts'
import { fieldManager } from '../kubernetes/field-manager.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import { mintedFrom } from './minted-from.ts'
import { recordFor, replacedManager } from './own-record.ts'

export interface FreshnessTerms {
  /** How long every entry must live on. */
  readonly minRemainingMs: number
  readonly now: Date
}

/** As long as any provider's credential lives, plus clock skew: a longer life was not granted, but written. */
const longestMs = (12 * 60 + 10) * 60_000

/** fresh: written for this document as it is now (or from the variables that it replaces), unedited, and every entry lives long enough. */
export function judgeFreshness(
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
      const expiresAt = entryOf(registry, record.registries)?.expiresAt
      return expiresAt !== undefined && livesOn(expiresAt.getTime() - now.getTime(), minRemainingMs)
    })
    return fresh ? 'fresh' : 'due'
  }
}

/**
 * A registry's entry in a record, where it was minted from what the document says now, for the same hosts: by its name, which
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

const livesOn = (remainingMs: number, minRemainingMs: number) =>
  remainingMs >= minRemainingMs && remainingMs <= longestMs

const sameHosts = (left: readonly string[], right: readonly string[]) =>
  left.length === right.length && left.every((host) => right.includes(host))
