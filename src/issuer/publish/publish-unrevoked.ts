/**
 * Publishes without what was revoked, also in the moment before. A revocation is remembered before it is published:
 *
 *   read what is revoked ─▶ publish ─▶ was a key added? ─▶ read it again ─▶ revoked meanwhile? ─▶ publish without it
 */
import type { PublishTarget } from '../documents/publish-target.ts'
import { isRevoked } from '../memory/is-revoked.ts'
import type { KeyMemory } from '../memory/key-memory.ts'
import { type Publication, type PublishOutcome, publishDocuments } from './publish-documents.ts'

export interface UnrevokedWanted {
  /** As it was read just now. */
  readonly memory: KeyMemory
  readonly readAgain: () => Promise<KeyMemory>
  readonly publicationOf: (memory: KeyMemory) => Publication
}

/** @throws what publishing and reading the memory throw */
export async function publishUnrevoked(
  target: PublishTarget,
  { memory, readAgain, publicationOf }: UnrevokedWanted,
): Promise<PublishOutcome> {
  const publication = publicationOf(memory)
  const outcome = await publishDocuments(target, publication)
  const isNew = (state: string) => state === 'added' || (state === 'kept' && publication.conflictPolicy === 'Adopt')
  const added = outcome.keys.filter(({ state }) => isNew(state))
  if (added.length === 0 || publication.mode === 'dry-run') return outcome
  const after = await readAgain()
  if (!added.some(({ key }) => isRevoked(after, key))) return outcome
  // Whoever revoked the last key was told that every pull breaks.
  return await publishDocuments(target, { ...publicationOf(after), without: 'any-key' })
}
