/** Whether an answer as a whole repeats what was sent in confidence: whatever is read of it could be shown. */
import type { Redacted } from './redacted.ts'

/** Half of it at each step: 24 characters in a row are found wherever they begin. */
const step = 12

/** Raw or in base64, 24 characters of it in a row (a shorter secret as a whole); words are looked at closer where they are quoted. */
export function repeatsSecret(text: string, secrets: readonly Redacted[]): boolean {
  return secrets.some((secret) => spellings(secret.reveal()).some((spelling) => shares(text, spelling)))
}

function spellings(secret: string): string[] {
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.from('\0'.repeat(shift) + secret)
      .toString('base64')
      .slice(shift * 2),
  )
  return [secret, ...shifted, ...shifted.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))]
}

function shares(text: string, spelling: string): boolean {
  if (spelling.length < 2 * step) return spelling.length >= step && text.includes(spelling)
  for (let start = 0; start + step <= spelling.length; start += step) {
    if (text.includes(spelling.slice(start, start + step))) return true
  }
  return false
}
