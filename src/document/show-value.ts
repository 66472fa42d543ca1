/** Describes a value of a document or a variable in an error, without secrets. */
import { quote } from '../text/plain-text.ts'
import { looksLikeSecret } from '../text/show.ts'

/** Longer than what is shown, and short enough for the patterns. */
const longestExamined = 2048

/** Describes `value` after "is": quoted text, a number, `a list`. A text that looks like a credential is not shown. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return showText(value)
  if (value === undefined) return 'missing'
  if (value === null) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'an object'
}

function showText(text: string): string {
  if (text === '') return 'empty'
  const start = text.slice(0, longestExamined)
  if (mayBeSecret(start)) return 'a text that looks like a credential, not shown'
  return `${quote(text)}${text.trim() === text ? '' : ', with white space at its start or end'}`
}

/** Documents contain no secrets, but users paste them by mistake. Stricter than the check that refuses a value: hiding too much is harmless. */
function mayBeSecret(text: string): boolean {
  return (
    looksLikeSecret(text) || /eyJ[\w-]{8}|ya29\.|-----BEGIN/.test(text) || (text.match(longRun) ?? []).some(isMixed)
  )
}

/** Names in documents are lower-case; random strings mix upper case, lower case and digits. */
const longRun = /[\w+=-]{32,}/g
const isMixed = (run: string) => /[a-z]/.test(run) && /[A-Z]/.test(run) && /[0-9]/.test(run)
