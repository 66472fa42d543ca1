/** How a watch stands after a round: what health, metrics and a status command show. */
import type { SafeKey } from '../documents/safe-to-sign.ts'
import type { Alarm } from './alarm.ts'

export interface WatchStatus {
  /** Undefined as long as no look was taken, or no API server read. */
  readonly issuer: string | undefined
  /** When the last round ended. */
  readonly lookedAt: Date
  readonly rounds: number
  readonly replicas: { readonly asked: number; readonly read: number }
  readonly keys: { readonly published: number; readonly remembered: number; readonly revoked: number }
  /** When what is public was last written, or found to be as it should; undefined: never by this process. */
  readonly publishedAt: Date | undefined
  /** Rounds in a row, up to the last one, in which the state could not be read or written. */
  readonly unstoredRounds: number
  /** Keys that are published and served, each with the time from which on it may sign. */
  readonly safeToSign: readonly SafeKey[]
  readonly alarms: readonly Alarm[]
}
