/** Text from outside without what would steer a terminal or forge a line: control and format characters. */

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const steeringButLineEnds = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const sign = '\uFFFD'

/** One line, whatever it holds: a claim, an annotation, a host name that somebody chose. */
export const plainLine = (text: string): string => text.replaceAll(steering, sign)

/** Lines of ours, which may hold words of others. */
export const plainText = (text: string): string => text.replaceAll(steeringButLineEnds, sign)

/** JSON text that says the same, in escapes. */
export const plainJson = (json: string): string =>
  json.replaceAll(steeringButLineEnds, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  )

// A word for a POSIX shell, whatever it holds. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02_02

/** Plain where no shell sees anything in it, else in single quotes, within which nothing has a meaning but their end. */
export function shellQuote(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
