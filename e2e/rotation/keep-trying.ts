/** Does one thing after another, all the time, until it is stopped: what must succeed throughout. */

export interface Trial {
  readonly attempts: () => number
  /** Waits for the attempt under way, and makes no more until `resume`: what is asked for may then be taken down. */
  pause(): Promise<void>
  resume(): void
  /** @throws what an attempt threw */
  stop(): Promise<void>
}

export function keepTrying(attempt: () => Promise<void>): Trial {
  const made = { attempts: 0 }
  let wanted = new AbortController()
  let running = run(attempt, wanted.signal, made)
  const pause = async () => {
    wanted.abort()
    await running
  }
  running.catch(() => undefined) // told by whoever pauses or stops it
  return {
    attempts: () => made.attempts,
    pause,
    resume() {
      wanted = new AbortController()
      running = run(attempt, wanted.signal, made)
      running.catch(() => undefined)
    },
    stop: pause,
  }
}

async function run(attempt: () => Promise<void>, signal: AbortSignal, made: { attempts: number }): Promise<void> {
  while (!signal.aborted) {
    await attempt()
    made.attempts += 1
  }
}
