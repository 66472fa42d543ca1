/**
 * Whether this machine's clock can be trusted, since the age of keys depends on it. It is compared with the issue times of tokens
 * that API servers have just signed. Otherwise a clock that is two days ahead for ten minutes withdraws keys of valid tokens.
 */
import { withoutFaults } from '../../errors/pullpass-error.ts'
import type { ApiServerReading } from '../../oidc/cluster/api-servers.ts'
import { rfc3339 } from '../../text/time.ts'
import { type Alarm, publishAlarm } from './alarms.ts'

export interface ClockEvaluation {
  /** The latest time that any of the clocks shows: what is seen now was not seen before it. */
  readonly seenAt: Date
  /** `paused`: no key is withdrawn for its age, since the clocks differ, or no token shows another one. */
  readonly ages: 'count' | 'paused'
  readonly alarms: readonly Alarm[]
}

/** A round takes seconds, and synchronized clocks differ by less. */
const mostApartMs = 5 * 60_000

export function evaluateClock(readings: readonly Pick<ApiServerReading, 'token'>[], now: Date): ClockEvaluation {
  const shown = withoutFaults(readings.map(({ token }) => token)).flatMap(({ issuedAt }) => issuedAt ?? [])
  const other = shown.find((at) => Math.abs(at.getTime() - now.getTime()) > mostApartMs)
  return {
    seenAt: new Date(Math.max(now.getTime(), ...shown.map((at) => at.getTime()))),
    ages: shown.length > 0 && other === undefined ? 'count' : 'paused',
    alarms: other === undefined ? [] : [differs(other, now)],
  }
}

const differs = (other: Date, now: Date): Alarm =>
  publishAlarm({
    code: 'CLOCK_SKEWED',
    subject: '',
    seen: `an API server signs a token at ${rfc3339(other)}, and the clock here shows ${rfc3339(now)}: until they agree, no key is withdrawn for its age`,
    expected: `clocks that differ by at most ${mostApartMs / 60_000} min`,
    hint: 'synchronize the clocks of both machines by NTP',
  })
