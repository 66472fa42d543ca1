/** A clock that goes on by itself and can be moved ahead, so that an hour's credential expires while a test runs. */

export interface MovableClock {
  readonly now: () => Date
  /** `50 min`, `1 h`, `90 s`, `2 d`; a minus sign moves it back. */
  readonly advance: (duration: string) => void
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

export function createMovableClock(base: () => Date): MovableClock {
  let aheadMs = 0
  return {
    now: () => new Date(base().getTime() + aheadMs),
    advance(duration) {
      const [, amount, unit = ''] = /^(-?\d+) ?(s|min|h|d)$/.exec(duration) ?? []
      if (amount === undefined) throw new Error(`"${duration}" is no duration: say 90 s, 50 min, 1 h or 2 d`)
      aheadMs += Number(amount) * (unitsMs[unit] ?? 0)
    },
  }
}
