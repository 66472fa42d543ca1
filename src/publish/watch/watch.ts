/**
 * Keeps an issuer's published documents true through every rotation of keys, until the run ends:
 *
 *   look at each API server ─▶ judge ─▶ publish, where due ─▶ remember ─▶ tell ─▶ 15 s over?
 *      ▲                                                                             │
 *      └─────────────────────────────────────────────────────────────────────────────┘
 *
 * A key is out one look after it is served, or named by a token; nothing that goes wrong takes a key away.
 */

import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { firstState, type WatchState, watchRound } from './round.ts'
import type { WatchStatus, WatchWanted } from './state.ts'

/** From the beginning of one look to that of the next: one that waits for API servers that hang takes a while itself. */
const everyMs = 15_000
const leastPauseMs = 1_000
/**
 * Every request of a round has a time limit of its own. A round that does not end all the same has met a bug: the process
 * ends, and what runs it starts it anew. /healthz fails sooner.
 */
const longestRoundMs = 10 * 60_000

/** `report` is called after each round. Ends with the run's signal alone. @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR, TIMED_OUT */
export async function watchIssuer(
  wanted: WatchWanted,
  context: Context,
  report: (status: WatchStatus) => void,
  roundLimitMs: number = longestRoundMs,
): Promise<void> {
  let state: WatchState = firstState
  try {
    while (!context.signal.aborted) {
      const startedMs = context.now().getTime()
      state = await withinLimit(watchRound(state, wanted, context), roundLimitMs)
      report(state.status)
      await context.sleep(pauseAfter(context.now().getTime() - startedMs), context.signal)
    }
  } catch (error) {
    if (!context.signal.aborted) throw error // the end of the run is no fault of it
  }
}

/** By the machine's timer, not the run's clock: what hangs may have to do with it. */
async function withinLimit<T>(round: Promise<T>, limitMs: number): Promise<T> {
  const over = Promise.withResolvers<never>()
  const timer = setTimeout(() => over.reject(hangs(limitMs)), limitMs)
  try {
    return await Promise.race([round, over.promise])
  } finally {
    clearTimeout(timer)
  }
}

const hangs = (limitMs: number) =>
  new PullpassError({
    code: 'TIMED_OUT',
    hop: 'run',
    seen: `a round of the watch did not end within ${limitMs / 1000} s`,
    expected: 'each round to end: its requests have time limits',
    hint: 'start it again, as a Deployment does by itself; please report it with the log at --log-level debug',
  })

/** A clock that is moved meanwhile makes no pause longer. */
const pauseAfter = (tookMs: number): number => Math.min(everyMs, Math.max(leastPauseMs, everyMs - tookMs))
