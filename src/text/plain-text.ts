/** External text without control and format characters, which could control a terminal or forge a line. */

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
