/** Whether a pull secret needs nothing: pure, by what its annotations say. */
import { parseRecord } from '../credential/pull-secret-record.ts'
import type { Document } from '../document/document.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import { mintedFrom } from './minted-from.ts'

export interface Need {
  readonly document: Document
  readonly manager: string
  readonly namespace: string
  /** How long every entry must live on. */
  readonly minRemainingMs: number
  readonly now: Date
}

/** fresh: ours, unedited, of this document as it is now, and every entry lives long enough. */
export function judgeFreshness(found: PullSecretMetadata | undefined, need: Need): 'fresh' | 'due' {
  const { document, manager, namespace, minRemainingMs, now } = need
  if (found === undefined || !found.owners.data.includes(manager) || !found.owners.label.includes(manager)) return 'due'
  const record = parseRecord(found.annotations)
  if (record === undefined || record.target !== `${namespace}/${document.secretName}`) return 'due'
  if (record.registries.size !== document.registries.length) return 'due'
  const needed = new Date(now.getTime() + minRemainingMs)
  const fresh = document.registries.every((registry) => {
    const entry = record.registries.get(registry.name)
    return (
      entry !== undefined &&
      entry.mintedFrom === mintedFrom(document, registry) &&
      entry.expiresAt >= needed &&
      sameHosts(entry.hosts, registry.hosts)
    )
  })
  return fresh ? 'fresh' : 'due'
}

const sameHosts = (left: readonly string[], right: readonly string[]) =>
  left.length === right.length && left.every((host) => right.includes(host))
