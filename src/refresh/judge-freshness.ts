/** Whether a pull secret needs nothing: pure, by what its annotations say. */
import type { Document } from '../document/document.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import { mintedFrom } from './minted-from.ts'
import { ownRecord } from './own-record.ts'

export interface FreshnessTerms {
  readonly manager: string
  /** How long every entry must live on. */
  readonly minRemainingMs: number
  readonly now: Date
}

/** As long as any provider's credential lives, and what clocks may differ by: a longer life was not granted, but written. */
const longestMs = (12 * 60 + 10) * 60_000

/** fresh: ours, unedited, of this document as it is now, and every entry lives long enough. */
export function judgeFreshness(
  document: Document,
  { manager, minRemainingMs, now }: FreshnessTerms,
): (namespace: string, found: PullSecretMetadata | undefined) => 'fresh' | 'due' {
  const wanted = document.registries.map((registry) => ({ ...registry, source: mintedFrom(document, registry) }))
  return (namespace, found) => {
    if (found === undefined || !found.owners.label.includes(manager)) return 'due'
    const record = ownRecord(found, manager)
    if (record === undefined || record.target !== `${namespace}/${document.secretName}`) return 'due'
    if (record.registries.size !== wanted.length) return 'due'
    const fresh = wanted.every(({ name, hosts, source }) => {
      const entry = record.registries.get(name)
      return (
        entry !== undefined &&
        entry.mintedFrom === source &&
        livesOn(entry.expiresAt.getTime() - now.getTime(), minRemainingMs) &&
        sameHosts(entry.hosts, hosts)
      )
    })
    return fresh ? 'fresh' : 'due'
  }
}

const livesOn = (remainingMs: number, minRemainingMs: number) =>
  remainingMs >= minRemainingMs && remainingMs <= longestMs

const sameHosts = (left: readonly string[], right: readonly string[]) =>
  left.length === right.length && left.every((host) => right.includes(host))
