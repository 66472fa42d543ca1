/** The path of a file, as an error may show it: people paste what a file holds where its path belongs. */
import { looksLikeSecret } from './looks-like-secret.ts'

export function showPath(path: string): string {
  return looksLikeSecret(path) ? 'a path that looks like a credential, not shown,' : path
}
