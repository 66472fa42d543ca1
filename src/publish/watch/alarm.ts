/** Conditions of a publication that need attention, raised in each round in which they hold. */
import { type ErrorFacts, fixOf, type PullpassError } from '../../errors/pullpass-error.ts'

export const alarmCodes = [
  /** The addresses of the API servers are unknown: the cluster's own address is used. */
  'API_SERVERS_UNKNOWN',
  /** An API server returned no metadata: its keys remain as they were. */
  'API_SERVER_UNREADABLE',
  /** No token was returned: a signing key may be missed. */
  'TOKEN_UNAVAILABLE',
  /** A token is signed with a key that is not published: exchanges with it fail. */
  'KEY_UNPUBLISHED',
  /** The cluster signs with a revoked key. */
  'KEY_REVOKED',
  /** A revocation was removed from the key state, or changed: it remains in force, and is restored. */
  'REVOCATION_REMOVED',
  /** The CA bundle, or the record of trusted CAs, changed: only trusted ones publish keys. */
  'AUTHORITY_CHANGED',
  /** A key is served only by API servers that cannot publish keys. */
  'KEY_UNCONFIRMED',
  /** The clock of an API server differs: no key is withdrawn for its age. */
  'CLOCK_SKEWED',
  /** Tokens carry another issuer than the published one. */
  'TOKEN_ISSUER_MISMATCH',
  /** A published key was never served by the cluster. */
  'PUBLISHED_KEY_UNKNOWN',
  /** The key state contains a key that is neither served nor published: it is not published. */
  'RECORDED_KEY_UNKNOWN',
  'PUBLISH_FAILED',
  /** Anonymous clients read something else than what was written. */
  'PUBLISHED_MISMATCH',
  'KEY_STATE_UNREADABLE',
  'KEY_STATE_UNWRITABLE',
] as const

type AlarmCode = (typeof alarmCodes)[number]

export interface Alarm extends ErrorFacts {
  readonly code: AlarmCode
  /** A kid or an address, which distinguishes alarms of one code; empty if there is only one. */
  readonly subject: string
  /** The error that it follows from. */
  readonly cause?: PullpassError
}

/** An alarm about the publication itself. */
export const publishAlarm = (alarm: Omit<Alarm, 'hop'>): Alarm => ({ hop: 'publish', ...alarm })

/** An alarm that follows from an error. `meanwhile`: what holds while it lasts. */
export function faultAlarm(code: AlarmCode, subject: string, cause: PullpassError, meanwhile?: string): Alarm {
  const { hop, expected, also, hint, command, retryable, retryAt } = cause
  const seen = [cause.seen, meanwhile].filter(Boolean).join('; ')
  return { code, subject, hop, seen, expected, also, hint, command, retryable, retryAt, cause }
}

/** An alarm as one sentence, for Events, the log and health checks. */
export function alarmText(alarm: Alarm): string {
  const fix = fixOf(alarm)
  const seen = alarm.cause === undefined ? alarm.seen : `${alarm.cause.code}: ${alarm.seen}`
  return [seen, ...(fix === undefined ? [] : [`fix: ${fix}`])].join('; ')
}
