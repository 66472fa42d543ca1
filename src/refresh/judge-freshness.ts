/** Whether a pull secret needs nothing: pure, by what its annotations say. */
import type { Document } from '../document/document.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import { mintedFrom } from './minted-from.ts'
import { ownRecord } from './own-record.ts'

export interface Need {
  readonly document: Document
  readonly manager: string
  readonly namespace: string
  /** How long every entry must live on. */
  readonly minRemainingMs: number
  readonly now: Date
}

/** As long as any provider's credential lives, and what clocks may differ by: a longer life was not granted, but written. */
const longestMs = (12 * 60 + 10) * 60_000

/** fresh: ours, unedited, of this document as it is now, and every entry lives long enough. */
export function judgeFreshness(found: PullSecretMetadata | undefined, need: Need): 'fresh' | 'due' {
  const { document, manager, namespace, minRemainingMs, now } = need
  if (found === undefined || !found.owners.label.includes(manager)) return 'due'
  const record = ownRecord(found, manager)
  if (record === undefined || record.target !== `${namespace}/${document.secretName}`) return 'due'
  if (record.registries.size !== document.registries.length) return 'due'
  const fresh = document.registries.every((registry) => {
    const entry = record.registries.get(registry.name)
    return (
      entry !== undefined &&
      entry.mintedFrom === mintedFrom(document, registry) &&
      livesOn(entry.expiresAt.getTime() - now.getTime(), minRemainingMs) &&
      sameHosts(entry.hosts, registry.hosts)
    )
  })
  return fresh ? 'fresh' : 'due'
}

const livesOn = (remainingMs: number, minRemainingMs: number) =>
  remainingMs >= minRemainingMs && remainingMs <= longestMs

const sameHosts = (left: readonly string[], right: readonly string[]) =>
  left.length === right.length && left.every((host) => right.includes(host))
