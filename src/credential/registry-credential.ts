/** The result of an exchange: a user name and password for hosts, until an expiry. */
import type { Redacted } from '../text/redacted.ts'

export interface RegistryCredential {
  /** host[:port][/path/], as in the document: keys of the dockerconfigjson. */
  readonly hosts: readonly string[]
  readonly username: string
  readonly password: Redacted
  /** undefined: its expiry is unknown. */
  readonly expiresAt: Date | undefined
  /** When a credential of unknown expiry was read from its source. */
  readonly readAt?: Date
  /** What the operator has to know about it. */
  readonly warnings?: readonly CredentialWarning[]
}

export interface CredentialWarning {
  readonly code: 'AUDIENCE_UNCHECKED' | 'CREDENTIAL_SHORT_LIVED'
  /** A sentence without its end. */
  readonly seen: string
  readonly fix: string
}

/** Seconds. Two late runs of a CronJob at the default interval need 35 minutes, but not every service can be configured for that. */
export const shortSeconds = 600

/** With a warning if it expires soon, unless the vendor's own warning states that. */
export function withShortLife(credential: RegistryCredential, now: Date): RegistryCredential {
  const { expiresAt, warnings = [] } = credential
  const seconds = expiresAt && Math.round((expiresAt.getTime() - now.getTime()) / 1000)
  if (seconds === undefined || seconds >= shortSeconds) return credential
  if (warnings.some(({ code }) => code === 'CREDENTIAL_SHORT_LIVED')) return credential
  const seen = `the credential is valid for only ${seconds} s`
  const fix = 'set a longer lifetime in the document or at the vendor, or use a subject token that is valid for longer'
  return { ...credential, warnings: [...warnings, { code: 'CREDENTIAL_SHORT_LIVED', seen, fix }] }
}

/** After this time, a credential of unknown expiry is read from its source again, since it can have been replaced there. */
export const rereadSeconds = 3600

/** Undefined without any time. A list may be longer than what a call takes as arguments. */
export function earliest(times: Iterable<Date | undefined>): Date | undefined {
  let first: Date | undefined
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time
  return first
}

/** Of a credential. */
export interface Lifetime {
  readonly from: Date
  readonly expiresAt: Date
}

/** When it is refreshed: at two thirds of the lifetime, minus up to a tenth of it at random. `random` in [0, 1). Never after `expiresAt`. */
export function refreshDueAt({ from, expiresAt }: Lifetime, random: number): Date {
  const lifeMs = Math.max(0, expiresAt.getTime() - from.getTime())
  return new Date(Math.min(expiresAt.getTime(), from.getTime() + Math.round(lifeMs * (2 / 3 - random / 10))))
}
