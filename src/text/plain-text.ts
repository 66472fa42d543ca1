/** External text without control and format characters, which could control a terminal or forge a line; shell quoting. */

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const steeringButLineEnds = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const sign = '\uFFFD'

/** One line, for any external text: a claim, an annotation, a host name. */
export const plainLine = (text: string): string => text.replaceAll(steering, sign)

/** Several lines, which may contain external text. */
export const plainText = (text: string): string => text.replaceAll(steeringButLineEnds, sign)

/** Equivalent JSON text with escapes. */
export const plainJson = (json: string): string =>
  json.replaceAll(steeringButLineEnds, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  )

/** RFC 3339 in UTC, in whole seconds: rounded down, so that an expiry is never shown later than it is, or up. */
export const rfc3339 = (at: Date, round: 'down' | 'up' = 'down'): string =>
  new Date((round === 'up' ? Math.ceil(at.getTime() / 1000) : Math.floor(at.getTime() / 1000)) * 1000)
    .toISOString()
    .replace('.000Z', 'Z')

// A word for a POSIX shell. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02_02

/** Unquoted if no character has a meaning in a shell, otherwise in single quotes. */
export function shellQuote(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Values that a printed command needs and pullpass does not know, or cannot print, with their meaning for the docs. */
export const shellVariables = {
  DOCUMENTS: 'the file or folder of your documents, as for `-f`',
  EMAIL: 'the account that `fix` describes',
  FILE: 'the file that `fix` describes',
  IMAGE: 'the image of pullpass; in `crictl` the image in `seen`',
  ISSUER: 'the issuer in `seen`',
  NAME: 'the name of the object in `seen`',
  NAMESPACE: 'the namespace in `seen`',
  OPERATOR: 'the identity that runs pullpass, in the form of the vendor',
  PRINCIPAL: 'the principal that `fix` describes',
  PROJECT_ID: 'your project',
  PROVIDER: 'the full name of your identity provider at the vendor',
  TARGET: 'where the issuer metadata is published, as for `--to`',
  TOKEN_FILE: 'a file with the subject token',
} as const

/**
 * Such a value in a printed command. The shell refuses to run the command while the variable is not set.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_06_02
 */
export const shellVariable = (name: keyof typeof shellVariables): string => `"\${${name}:?}"`

/**
 * An external word as an operand of a printed command. Programs read a word that begins with `-` as an option, quoted or not, and
 * control or format characters show another command than the one that is pasted: a variable is printed instead of such a word.
 */
export const shellOperand = (word: string, variable: keyof typeof shellVariables = 'NAME'): string =>
  word.startsWith('-') || plainLine(word) !== word ? shellVariable(variable) : shellQuote(word)

/** Characters of quoted text. */
const longest = 300
/** Sequences of control characters become one space. */
const longestRead = 16 * longest

/** `text` in double quotes, without control characters, at most 300 characters of it. Never pass a secret. */
export function quote(text: string): string {
  const plain = text
    .slice(0, longestRead)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  return `"${plain.length > longest ? `${plain.slice(0, longest)}…` : plain}"`
}
