/** How often something happened in the last hour, in parts of five minutes. */

export type ActivityKind = 'exchange' | 'write' | 'failure'

export interface ActivityPart {
  readonly from: Date
  readonly counts: Readonly<Record<ActivityKind, number>>
}

const partMs = 5 * 60_000
const parts = 12

export class Activity {
  readonly #counts = new Map<number, Record<ActivityKind, number>>()

  record(kind: ActivityKind, at: Date): void {
    const part = Math.floor(at.getTime() / partMs)
    const counts = this.#counts.get(part) ?? { exchange: 0, write: 0, failure: 0 }
    counts[kind] += 1
    this.#counts.set(part, counts)
    // Also of a time ahead, from which the clock was set back.
    for (const one of this.#counts.keys()) if (Math.abs(part - one) >= parts) this.#counts.delete(one)
  }

  /** The latest part last. */
  lastHour(now: Date): ActivityPart[] {
    const current = Math.floor(now.getTime() / partMs)
    return Array.from({ length: parts }, (_, index) => {
      const part = current - parts + 1 + index
      return { from: new Date(part * partMs), counts: this.#counts.get(part) ?? { exchange: 0, write: 0, failure: 0 } }
    })
  }
}
