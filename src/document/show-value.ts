/** A value of a document or a variable, as an error may show it. */
import { quote } from '../outside/quote.ts'

// Documents hold no secrets, but people paste: a JWT (or JSON in base64), Google's access tokens, a PEM block.
const secretLike = /eyJ[\w-]{8}|ya29\.|-----BEGIN/

/** Words for `value` that follow "is": quoted text, a number, `a list`; a text that looks like a credential stays hidden. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return showText(value)
  if (value === undefined) return 'missing'
  if (value === null) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'an object'
}

function showText(text: string): string {
  if (text === '') return 'empty'
  return secretLike.test(text) ? 'a text that looks like a credential, not shown' : quote(text)
}
