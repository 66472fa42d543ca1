/**
 * Keeps an issuer's published documents up to date through every key rotation, until the run ends:
 *
 *   read each API server ─▶ evaluate ─▶ publish, if due ─▶ store the key state ─▶ report ─▶ wait, 15 s from start to start
 *      ▲                                                                                       │
 *      └───────────────────────────────────────────────────────────────────────────────────────┘
 *
 * A key is published one round after it is served or named by a token; no failure withdraws a key.
 */
import type { Watchdog } from '../../server/watchdog.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import { firstState, type WatchState, watchRound } from './round.ts'
import { defaultIntervalMs, type WatchConfig, type WatchStatus } from './watch-config.ts'

const minPauseMs = 1_000

export interface RoundObserver {
  readonly watchdog: Pick<Watchdog, 'run'>
  /** Called after each round. */
  readonly report: (status: WatchStatus) => void
}

/** Ends with the run's signal only. @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR, TIMED_OUT */
export async function watchIssuer(
  config: WatchConfig,
  context: VendorContext,
  { watchdog, report }: RoundObserver,
): Promise<void> {
  let state: WatchState = firstState
  try {
    while (!context.signal.aborted) {
      const startedMs = context.now().getTime()
      state = await watchdog.run(() => watchRound(state, config, context))
      report(state.status)
      await context.sleep(pauseAfter(context.now().getTime() - startedMs, config), context.signal)
    }
  } catch (error) {
    if (!context.signal.aborted) throw error // an interrupted round is not a failure
  }
}

/** A clock that is set meanwhile does not make the pause longer. */
const pauseAfter = (tookMs: number, { intervalMs = defaultIntervalMs }: WatchConfig): number =>
  Math.min(intervalMs, Math.max(minPauseMs, intervalMs - tookMs))
