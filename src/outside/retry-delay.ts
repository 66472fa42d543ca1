/** How long to wait before a request is made again: doubling, jittered, and never sooner than the other side asked. */

const firstMs = 500
const longestMs = 30_000

/**
 * Milliseconds before attempt `attempt + 1`; undefined where the other side asked for more patience than a run has.
 * `random` in [0, 1).
 */
export function retryDelayMs(
  attempt: number,
  random: number,
  retryAt: Date | undefined,
  now: Date,
): number | undefined {
  const backoffMs = Math.round(Math.min(longestMs, firstMs * 2 ** (attempt - 1)) * (0.5 + random / 2))
  const askedMs = retryAt === undefined ? 0 : retryAt.getTime() - now.getTime()
  return askedMs > longestMs ? undefined : Math.max(backoffMs, askedMs)
}
