/** A remedy with more words beside its own. */
import type { Remedy } from '../finding.ts'

export const alsoSay = (remedy: Remedy, more: string): Remedy => ({
  ...remedy,
  words: remedy.words === undefined ? more : `${remedy.words}; ${more}`,
})
