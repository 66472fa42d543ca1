/** A bound on how often something is done: so many a second, and bursts of them. A token bucket. */

/** A function that says, each time it is asked, whether once more is within the bound. */
export function allowRate({
  perSecond,
  burst,
  now,
}: {
  perSecond: number
  burst: number
  now: () => Date
}): () => boolean {
  let left = burst
  let filledAt = now().getTime()
  return () => {
    const at = now().getTime()
    left = Math.min(burst, left + (Math.max(0, at - filledAt) / 1000) * perSecond)
    filledAt = at
    if (left < 1) return false
    left -= 1
    return true
  }
}
