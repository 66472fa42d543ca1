/**
 * The owner of a Secret, which determines how it may be written: pure, by its metadata.
 *
 *   absent                                                   → create
 *   our manager owns the data, and no other owns a field     → update
 *   our manager owns the data, another owns a field of ours  → restore: it was edited
 *   the variables that our document replaces own the data    → replace: the cluster moved from variables to a document
 *   another document of pullpass owns data and record        → refuse, or adopt by a takeover: it was taken over, not edited
 *   our manager owns the label, not the data                 → restore: it was edited
 *   another document of pullpass owns the data or the label  → refuse, or adopt by a takeover
 *   anything else                                            → refuse, or adopt where the document has conflictPolicy: Adopt
 */
import { recordAnnotations } from '../credential/pull-secret-record.ts'
import { type Document, documentName } from '../document/document.ts'
import { fieldManager, isDocumentManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { ownRecord, ownsRecord, replacedManager } from './own-record.ts'

export type Ownership =
  | { readonly verdict: 'create' }
  | { readonly verdict: 'update' | 'adopt' | 'replace'; readonly found: PullSecretMetadata }
  | { readonly verdict: 'restore'; readonly found: PullSecretMetadata; readonly editors: readonly string[] }
  | { readonly verdict: 'refuse'; readonly found: PullSecretMetadata; readonly owners: readonly string[] }

/**
 * Whether a document with `conflictPolicy: Adopt` takes over Secrets of other documents, too. Two that did so by themselves would take
 * over a Secret from each other in turn, with each refresh.
 */
export type Takeover = 'permitted' | 'refused'

export function evaluateOwnership(
  found: PullSecretMetadata | undefined,
  document: Document,
  takeover: Takeover = 'refused',
): Ownership {
  if (found === undefined) return { verdict: 'create' }
  const manager = fieldManager(document)
  const { data, label } = found.owners
  const editors = editorsOf(found, manager)
  // Another document adopted it with the same data: both own it. It belongs to the one that wrote the record.
  const othersOf = (names: readonly string[]) => names.filter((name) => name !== manager && isDocumentManager(name))
  const others = othersOf(data)
  const isTaken = others.some((name) => ownsRecord(found, name)) && !ownsRecord(found, manager)
  if (data.includes(manager) && !isTaken)
    return editors.length === 0 ? { verdict: 'update', found } : { verdict: 'restore', found, editors }
  // Two documents that each restored the Secret would overwrite each other in turn, forever.
  if (label.includes(manager) && !data.some(isDocumentManager)) return { verdict: 'restore', found, editors }
  if (replacedManager(document, found) !== undefined) return { verdict: 'replace', found }
  const owners = [...new Set([...data, ...othersOf(label)])]
  if (document.conflictPolicy === 'Adopt' && (takeover === 'permitted' || !owners.some(isDocumentManager)))
    return { verdict: 'adopt', found }
  return { verdict: 'refuse', found, owners }
}

/** Whether this document alone created it: only its manager owns the type, which every writer states. */
export const isCreatedBy = ({ typeOwners }: PullSecretMetadata, document: Document): boolean =>
  typeOwners.length > 0 && typeOwners.every((name) => name === fieldManager(document))

/** Whether this document alone created the Secret of this name, and no other client has changed its credential, label or record. */
export function isUnchanged(found: PullSecretMetadata, document: Document, name: string): boolean {
  const record = ownRecord(found, fieldManager(document))
  return (
    !found.deleting &&
    found.labelled &&
    record?.document === documentName(document) &&
    record.target === `${found.namespace}/${name}` &&
    isCreatedBy(found, document) &&
    evaluateOwnership(found, document).verdict === 'update'
  )
}

/** Whether the Secret may be deleted where its document no longer selects the namespace: it is unchanged, and the custom resource owns it. */
export function isDisposable(found: PullSecretMetadata, document: Document): boolean {
  const manager = fieldManager(document)
  return (
    document.owner !== undefined &&
    isUnchanged(found, document, document.secretName) &&
    found.ownedBy.some((owner) => owner.manager === manager && owner.uid === document.owner?.uid)
  )
}

/**
 * Other managers that own the data, the label or an annotation of the record. A manager that claims one of these fields at its
 * present value, in addition to the document's manager, changes nothing: that is not an edit.
 */
function editorsOf({ owners }: PullSecretMetadata, manager: string): string[] {
  const otherOwners = [owners.label, ...recordAnnotations.map((name) => owners.annotations.get(name) ?? [])]
  const taken = otherOwners.filter((names) => !names.includes(manager))
  return [...new Set([...owners.data.filter((name) => name !== manager), ...taken.flat()])]
}
