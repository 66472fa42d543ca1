/** Words from outside, quoted unless they repeat a secret that was sent there: a hostile answer must not reach a log with it. */
import { quote } from './quote.ts'
import type { Redacted } from './redacted.ts'

/** Long enough that no vendor's sentence matches by chance, short enough that no useful part of a token passes. */
const window = 12

/** Withholds any 12 characters of a secret, raw, base64 (whatever its alignment) or URL-encoded. */
export function quoteSafely(text: string, secrets: readonly Redacted[]): string {
  const shown = quote(text) // bounded: a search through a whole answer would cost seconds
  const repeats = secrets.flatMap((secret) => spellings(secret.reveal())).some((secret) => sharesWindow(shown, secret))
  return repeats ? '(its words are withheld: they repeat a secret)' : shown
}

function spellings(secret: string): string[] {
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.from('\0'.repeat(shift) + secret)
      .toString('base64')
      .slice(shift * 2),
  )
  return [secret, encodeURIComponent(secret), ...shifted, ...shifted.map(toBase64Url)]
}

const toBase64Url = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')

function sharesWindow(text: string, secret: string): boolean {
  for (let start = 0; start + window <= text.length; start++) {
    if (secret.includes(text.slice(start, start + window))) return true
  }
  return false
}
