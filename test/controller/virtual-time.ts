/** A clock with sleeps that end only when it is advanced. */
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { requestsInHandlers } from '../../sandbox/serve/serve-part.ts'

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

/** Milliseconds of real time: each check of a condition costs more than the requests that it waits for. */
const pollMs = 1

/** Resolves when the condition is true; fails after 20 s of real time. */
export async function until(description: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited for ${description}`)
    await pause(pollMs)
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
  const endMs = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited for ${description}`)
    time.advance(stepMs)
    await settled(endMs)
  }
}

/** Resolves when a step of the clock has had its effects: bytes on loopback arrive within a few turns of the event loop. */
export async function settled(endMs: number = performance.now() + 10_000): Promise<void> {
  for (let quietTurns = 0; quietTurns < 20; quietTurns++) {
    await turn()
    while (isBusy() && performance.now() < endMs) {
      quietTurns = 0
      await pause(pollMs)
    }
  }
}

/** Whether threads work for this process, which take any number of turns on a busy machine: they sign tokens and read files. */
const isBusy = (): boolean =>
  requestsInHandlers() > 0 || process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'))
