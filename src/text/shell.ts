/** Words of printed commands, for a POSIX shell. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02_02 */
import { plainLine } from './plain-text.ts'

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
