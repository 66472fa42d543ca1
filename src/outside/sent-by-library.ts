/** What a vendor's library sends in confidence: an answer that repeats it is not quoted. */
import { Redacted } from './redacted.ts'

export interface SentByLibrary {
  /** Latest first. */
  readonly secrets: readonly Redacted[]
  readonly note: (headers: Readonly<Record<string, string>>, body: unknown) => void
}

/** A run of weeks renews its credentials again and again: an answer can repeat the latest alone. */
const most = 20

const headerNames = ['authorization', 'x-amz-security-token', 'x-identity-header']
/** RFC 6749, RFC 7521 and RFC 8693; `WebIdentityToken` is of AWS's token service. */
const fieldNames = [
  'subject_token',
  'actor_token',
  'refresh_token',
  'client_secret',
  'assertion',
  'client_assertion',
  'WebIdentityToken',
]

export function sentByLibrary(): SentByLibrary {
  const secrets: Redacted[] = []
  const known = new Set<string>()
  return {
    secrets,
    note(headers, body) {
      for (const value of secretsIn(headers, body)) {
        if (known.has(value)) continue
        if (known.size >= most) known.clear()
        known.add(value)
        secrets.unshift(new Redacted(value))
        if (secrets.length > most) secrets.length = most
      }
    },
  }
}

function secretsIn(headers: Readonly<Record<string, string>>, body: unknown): string[] {
  const sent = Object.entries(headers).filter(([name]) => headerNames.includes(name.toLowerCase()))
  const text = body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : body
  const fields = typeof text === 'string' ? new URLSearchParams(text) : new URLSearchParams()
  return [
    // A signature is none: what is signed is said by who checks it.
    ...sent
      .map(([, value]) => value)
      .filter((value) => !value.startsWith('AWS4-'))
      .map((value) => value.replace(/^Bearer /i, '')),
    ...fieldNames.flatMap((name) => fields.get(name) ?? []),
  ].filter((value) => value !== '')
}
