/**
 * Whose Secret it is, and so how it may be written: pure, by its metadata.
 *
 *   absent                                   → create
 *   our manager owns the data                → update
 *   our manager owns the label, not the data → mend: somebody edited it
 *   anything else                            → refuse, or adopt where the document says so
 */
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'

export type Ownership =
  | { readonly verdict: 'create' }
  | { readonly verdict: 'update' | 'mend' | 'adopt'; readonly found: PullSecretMetadata }
  | { readonly verdict: 'refuse'; readonly found: PullSecretMetadata; readonly owners: readonly string[] }

export function judgeOwnership(
  found: PullSecretMetadata | undefined,
  manager: string,
  conflictPolicy: 'Refuse' | 'Adopt',
): Ownership {
  if (found === undefined) return { verdict: 'create' }
  if (found.owners.data.includes(manager)) return { verdict: 'update', found }
  if (found.owners.label.includes(manager)) return { verdict: 'mend', found }
  if (conflictPolicy === 'Adopt') return { verdict: 'adopt', found }
  return { verdict: 'refuse', found, owners: found.owners.data }
}
