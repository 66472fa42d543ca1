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
