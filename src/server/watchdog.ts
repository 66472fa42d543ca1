/**
 * Watches over a command that works in rounds. Every request of a round has a time limit of its own, so that a round that does not
 * end is a defect, which a restart may get past:
 *
 *   no round ended for `unhealthyAfterMs` ─▶ the liveness check fails, and the kubelet restarts the container
 *   a round takes `limitMs`               ─▶ the command ends by itself, where no probe watches it
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { rfc3339 } from '../text/time.ts'
import type { HealthCheck } from './health.ts'

export interface WatchdogConfig {
  readonly unhealthyAfterMs: number
  readonly limitMs: number
  /** Called after each round that ended. */
  readonly onRound?: (durationMs: number) => void
}

export interface Watchdog {
  /** @throws TIMED_OUT, and what the round throws */
  run<T>(round: () => Promise<T>): Promise<T>
  readonly check: HealthCheck
}

/** The first round counts from now. */
export function createWatchdog(
  { unhealthyAfterMs, limitMs, onRound }: WatchdogConfig,
  { now }: { readonly now: () => Date },
): Watchdog {
  let endedAt = now()
  return {
    async run(round) {
      const startedAt = now()
      const result = await withinLimit(round(), limitMs)
      endedAt = now()
      onRound?.(Math.max(0, endedAt.getTime() - startedAt.getTime()))
      return result
    },
    check: {
      name: 'rounds',
      failure: () =>
        now().getTime() - endedAt.getTime() < unhealthyAfterMs ? undefined : `no round ended since ${rfc3339(endedAt)}`,
    },
  }
}

/** By the machine's timer and not by the clock of the run, which may be part of the problem. */
async function withinLimit<T>(round: Promise<T>, limitMs: number): Promise<T> {
  const limit = Promise.withResolvers<never>()
  const timer = setTimeout(() => limit.reject(timedOut(limitMs)), limitMs)
  try {
    return await Promise.race([round, limit.promise])
  } finally {
    clearTimeout(timer)
  }
}

const timedOut = (limitMs: number) =>
  new PullpassError({
    code: 'TIMED_OUT',
    hop: 'run',
    seen: `a round did not end within ${limitMs / 1000} s`,
    expected: 'each round to end: its requests have time limits',
    hint: 'start it again, as a Deployment does; please report this with the log at --log-level debug',
  })
