/** Texts and lists as CEL writes them. https://github.com/google/cel-spec/blob/master/doc/langdef.md#string-and-bytes-values */

/** A literal between single quotes, whatever it holds. */
export const celText = (text: string): string =>
  `'${text.replace(/[\\'\p{Cc}]/gu, (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`)}'`

export const celList = (texts: Iterable<string>): string => `[${[...texts].map(celText).join(', ')}]`

/** Every clause, or true where there is none. */
export const celAll = (clauses: readonly string[]): string => (clauses.length === 0 ? 'true' : clauses.join(' && '))

/** Any clause, each on its own line; false where there is none. */
export const celAny = (clauses: readonly string[]): string =>
  clauses.length === 0 ? 'false' : clauses.map((clause) => `(${clause})`).join(' ||\n')
