/** Whose token a registry's exchange takes: one that is asked of the cluster, or one that lies in a file. */
import type { Document, DocumentRegistry } from './document.ts'

/** The service account whose token is requested; undefined where a file is read: a registry's own comes first. */
export function requestedAccount(
  { serviceAccountRef }: Pick<Document, 'serviceAccountRef'>,
  { tokenFile }: DocumentRegistry,
): Document['serviceAccountRef'] {
  return tokenFile === undefined ? serviceAccountRef : undefined
}
