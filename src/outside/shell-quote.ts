/** A word for a POSIX shell, whatever it holds. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02_02 */

/** Plain where no shell sees anything in it, else in single quotes, within which nothing has a meaning but their end. */
export function shellQuote(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
