/** Does one thing after another, all the time, until it is stopped: what must succeed throughout. */

export interface Trial {
  readonly attempts: () => number
  /** Waits for the current attempt and pauses until `resume`: the server may be stopped meanwhile. */
  pause(): Promise<void>
  resume(): void
  /** @throws what an attempt threw */
  stop(): Promise<void>
}

export function keepTrying(attempt: () => Promise<void>): Trial {
  const made = { attempts: 0 }
  let controller = new AbortController()
  let running = run(attempt, controller.signal, made)
  const pause = async () => {
    controller.abort()
    await running
  }
  running.catch(() => undefined) // reported by pause or stop
  return {
    attempts: () => made.attempts,
    pause,
    resume() {
      controller = new AbortController()
      running = run(attempt, controller.signal, made)
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
