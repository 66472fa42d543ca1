/** A clock with sleeps that end only when it is advanced. */
import { setImmediate as turn } from 'node:timers/promises'

export interface VirtualTime {
  readonly now: () => Date
  /** Of a clock that is never set. */
  readonly elapsedMs: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ends the sleeps that are over then. Milliseconds. */
  readonly advance: (ms: number) => void
  /** Sets the clock, as an administrator or NTP does: sleeps take as long as before. */
  readonly set: (at: string) => void
}

export function createVirtualTime(at = '2026-11-24T12:00:00Z'): VirtualTime {
  let nowMs = Date.parse(at)
  /** By a clock that is never set. */
  let passedMs = 0
  const sleeps = new Set<{ readonly untilMs: number; readonly end: () => void }>()
  return {
    now: () => new Date(nowMs),
    elapsedMs: () => passedMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const abort = () => {
          sleeps.delete(one)
          reject(signal.reason)
        }
        const one = {
          untilMs: passedMs + ms,
          end: () => {
            sleeps.delete(one)
            signal.removeEventListener('abort', abort)
            resolve()
          },
        }
        signal.addEventListener('abort', abort, { once: true })
        sleeps.add(one)
      }),
    advance(ms) {
      nowMs += ms
      passedMs += ms
      for (const one of sleeps) if (one.untilMs <= passedMs) one.end()
    },
    set(setTo) {
      nowMs = Date.parse(setTo)
    },
  }
}

/** Resolves when the condition is true; fails after 20 s of real time. */
export async function until(description: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited for ${description}`)
    await turn()
  }
}

/**
 * As `until`, after the time was advanced by minutes: the API server has closed idle connections then, and a request that has to be
 * repeated waits for the clock.
 */
export const untilRepeated = (time: VirtualTime, description: string, condition: () => boolean): Promise<void> =>
  advanceUntil(time, { stepMs: 100, description }, condition)

/** Advances the time by steps until the condition is true; requests on sockets take no time by this clock. */
export async function advanceUntil(
  time: VirtualTime,
  { stepMs, description }: { readonly stepMs: number; readonly description: string },
  condition: () => boolean,
): Promise<void> {
  await until(description, async () => {
    if (condition()) return true
    time.advance(stepMs)
    for (let turns = 0; turns < 20; turns++) await turn()
    return condition()
  })
}
