/** When a failed attempt, and a repair, is repeated: pure. */
import type { ErrorCode } from '../errors/codes.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'

const firstRetryMs = 1_000
const longestRetryMs = 5 * 60_000
/**
 * A response that requests a longer wait, by mistake or to do harm, would stop the refreshes, and one of more than 24.8 days would
 * end a timer immediately. https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
const longestRequestedMs = 60 * 60_000
/** For what no retry alone can fix: it is tried again, since a permission can be granted meanwhile. */
const refusedRetryMs = 10 * 60_000

/** An API server that has just started refuses requests until it has read the roles. */
const refusedAtStart: ReadonlySet<string> = new Set<ErrorCode>(['KUBERNETES_FORBIDDEN', 'TOKEN_REQUEST_REFUSED'])
const passingRefusals = 4
/** Faults of files where the controller runs: a repair takes effect without an event, and another attempt sends nothing. */
const localFaults: ReadonlySet<string> = new Set<ErrorCode>([
  'TOKEN_FILE_UNREADABLE',
  'TOKEN_MALFORMED',
  'TOKEN_EXPIRED',
  'AUDIENCE_MISMATCH',
])

/**
 * Milliseconds before the attempt after `failures` failures in a row: from 1 s to 5 min, doubling, with full jitter, and not
 * before the time that the other side requested, of at most an hour. A refusal is tried again after 5 to 10 min; the first ones of the
 * API server may pass, and faults of local files are tried again as soon as others. `random` in [0, 1).
 * `failingMs`: since the first of them; within the first hour, the delay is at most 30 s. Absent: it has no influence.
 */
export function retryDelayMs(
  { retryable, retryAt, code = '' }: Pick<PullpassError, 'retryable' | 'retryAt'> & { readonly code?: string },
  failures: number,
  { random, now, failingMs }: { readonly random: number; readonly now: Date; readonly failingMs?: number },
): number {
  const requestedMs = retryAt === undefined ? 0 : Math.min(longestRequestedMs, retryAt.getTime() - now.getTime())
  const mayPass = retryable || localFaults.has(code) || (refusedAtStart.has(code) && failures <= passingRefusals)
  const ownMs = mayPass
    ? Math.min(backoffMs(failures), resumeWithin(failingMs)) * random
    : refusedRetryMs * (0.5 + random / 2)
  return Math.max(firstRetryMs, requestedMs, Math.round(ownMs))
}

/**
 * The longest delay after an outage of so many milliseconds, so that the refreshes resume within 30 s of its end: that is short of
 * the third of a lifetime that is left when a credential is due. A longer outage is probably a wrong address: after ten hours, 5 min.
 */
const resumeWithin = (failingMs: number | undefined): number =>
  failingMs === undefined ? longestRetryMs : Math.max(30_000, failingMs / 120)

/** The longest delay after so many failures. */
const backoffMs = (failures: number): number => Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 20))

/** Attempts that failed in a row. */
export interface Failures {
  readonly count: number
  readonly retryAtMs: number
}

/** With one more. `random` in [0, 1). */
export function failedAgain(
  before: Pick<Failures, 'count'> | undefined,
  fault: PullpassError,
  { random, now }: { readonly random: () => number; readonly now: () => Date },
): Failures {
  const at = now()
  const count = (before?.count ?? 0) + 1
  return { count, retryAtMs: at.getTime() + retryDelayMs(fault, count, { random: random(), now: at }) }
}

/** Of what another client changed: a Secret, or the entry of an account. More of them within a short time mean that it does it again. */
export interface Repairs {
  readonly count: number
  readonly lastMs: number
}

export const noRepairs: Repairs = { count: 0, lastMs: 0 }

const immediateRepairs = 3
/** Milliseconds. */
const repairsForgottenMs = 10 * 60_000

/** None if the last one was more than ten minutes ago. */
export const recentRepairs = <T extends Repairs>(repairs: T, none: T, nowMs: number): T =>
  nowMs - repairs.lastMs > repairsForgottenMs ? none : repairs

/** Of the next one: the first three are immediate; others wait longer and longer, up to 5 min. */
export const nextRepairMs = ({ count, lastMs }: Repairs): number =>
  count < immediateRepairs ? lastMs : lastMs + backoffMs(count - immediateRepairs)
