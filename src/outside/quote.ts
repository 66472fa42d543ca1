/** Words from outside, made safe to show: one line, no control characters, bounded. */

const longest = 300

/** `text` in double quotes, without control characters, at most 300 characters of it. Never pass a secret. */
export function quote(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return `"${plain.length > longest ? `${plain.slice(0, longest)}…` : plain}"`
}
