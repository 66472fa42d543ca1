/** Quotes external text for messages: one line, no control characters, bounded. */

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
