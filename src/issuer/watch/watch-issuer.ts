/**
 * Keeps an issuer's published documents true through every rotation of keys, until the run ends:
 *
 *   look at each API server ─▶ judge ─▶ publish, where due ─▶ remember ─▶ tell ─▶ 15 s over?
 *      ▲                                                                             │
 *      └─────────────────────────────────────────────────────────────────────────────┘
 *
 * A key is out one look after it is served, or named by a token; nothing that goes wrong takes a key away.
 */
import type { Outside } from '../../outside/outside.ts'
import { firstState, type WatchState, watchRound } from './watch-round.ts'
import type { WatchStatus } from './watch-status.ts'
import type { WatchWanted } from './watch-wanted.ts'

/** From the beginning of one look to that of the next: one that waits for API servers that hang takes a while itself. */
const everyMs = 15_000
const leastPauseMs = 1_000

/** `report` is called after each round. Ends with the run's signal alone. @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR */
export async function watchIssuer(
  wanted: WatchWanted,
  outside: Outside,
  report: (status: WatchStatus) => void,
): Promise<void> {
  let state: WatchState = firstState
  try {
    while (!outside.signal.aborted) {
      const startedMs = outside.now().getTime()
      state = await watchRound(state, wanted, outside)
      report(state.status)
      await outside.sleep(pauseAfter(outside.now().getTime() - startedMs), outside.signal)
    }
  } catch (error) {
    if (!outside.signal.aborted) throw error // the end of the run is no fault of it
  }
}

/** A clock that is moved meanwhile makes no pause longer. */
const pauseAfter = (tookMs: number): number => Math.min(everyMs, Math.max(leastPauseMs, everyMs - tookMs))
