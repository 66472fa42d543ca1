/** Words from outside, quoted unless they repeat a secret that was sent there: a hostile answer must not reach a log with it. */
import { quote } from './quote.ts'
import type { Redacted } from './redacted.ts'

/** Long enough that no vendor's sentence matches by chance, short enough that no useful part of a token passes. */
const window = 12

/**
 * Withholds words that share 12 characters with a secret: raw or in base64 (whatever its alignment), each of them as it is,
 * escaped, in hex or in base64 once more, with anything between its letters and digits. Who ciphers them is not found out.
 */
export function quoteSafely(text: string, secrets: readonly Redacted[]): string {
  const shown = quote(text) // bounded: a search through a whole answer would cost seconds
  const windows = new Set(readings(shown).flatMap(withBare).flatMap(windowsOf))
  const spelt = secrets.flatMap((secret) => spellings(secret.reveal())).flatMap(withBare)
  const repeats = spelt.some((spelling) => holdsOneOf(spelling, windows))
  return repeats ? '(its words are withheld: they repeat a secret)' : shown
}

/** What somebody who sees `shown` can make of it in one step. */
function readings(shown: string): string[] {
  const plain = [shown, unescaped(shown)]
  return [...plain, ...plain.flatMap(fromHex), ...plain.flatMap(fromBase64)]
}

/** `%65`, `\x65`, `\u0065`, `&#x65;` and `0x65` are `e`. */
function unescaped(text: string): string {
  return text.replaceAll(/(?:%|\\x|\\u00|&#x|0x)([0-9a-f]{2});?/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** A word before the digits may end in one of them: both alignments are read. */
function fromHex(text: string): string[] {
  const runs = bare(text).match(/[0-9a-f]{24,}/g) ?? []
  return runs.flatMap((run) => [run, run.slice(1)]).map((run) => Buffer.from(run, 'hex').toString('latin1'))
}

function fromBase64(text: string): string[] {
  const digits = text.replaceAll(/[^\w+/-]/g, '')
  return [0, 1, 2, 3].map((start) => Buffer.from(digits.slice(start), 'base64').toString('latin1'))
}

function spellings(secret: string): string[] {
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.from('\0'.repeat(shift) + secret)
      .toString('base64')
      .slice(shift * 2),
  )
  return [secret, ...shifted]
}

/** Also letters and digits alone: what separates them is anybody's choice, and so are the last two of base64's alphabet. */
const withBare = (text: string) => [text, bare(text)]
const bare = (text: string) => text.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()

function windowsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - window + 1) }, (_, start) => text.slice(start, start + window))
}

function holdsOneOf(text: string, windows: ReadonlySet<string>): boolean {
  for (let start = 0; start + window <= text.length; start++) {
    if (windows.has(text.slice(start, start + window))) return true
  }
  return false
}
