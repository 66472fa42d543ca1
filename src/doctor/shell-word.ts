/** One word of a printed command, so that a POSIX shell reads it as it is, whatever is in it. */

export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
