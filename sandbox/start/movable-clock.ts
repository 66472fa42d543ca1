/** A clock that runs by itself and can be moved, so that a credential expires during a test. */

export interface MovableClock {
  readonly now: () => Date
  /** `50 min`, `1 h`, `90 s`, `2 d`; a minus sign moves the clock back. */
  readonly advance: (duration: string) => void
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

export function createMovableClock(base: () => Date): MovableClock {
  let aheadMs = 0
  return {
    now: () => new Date(base().getTime() + aheadMs),
    advance(duration) {
      const [, amount, unit = ''] = /^(-?\d+) ?(s|min|h|d)$/.exec(duration) ?? []
      if (amount === undefined) throw new Error(`"${duration}" is not a duration such as 90 s, 50 min, 1 h or 2 d`)
      aheadMs += Number(amount) * (unitsMs[unit] ?? 0)
    },
  }
}
