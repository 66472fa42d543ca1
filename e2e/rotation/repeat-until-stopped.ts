/** Repeats an operation that must always succeed, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Between two attempts: without it they would take the CPU that the servers need for their start. */
const pauseMs = 20

export interface RepeatedTask {
  readonly attempts: () => number
  /** Waits for the current attempt and pauses until `resume`: the server may be stopped meanwhile. */
  pause(): Promise<void>
  resume(): void
  /** @throws the error of an attempt */
  stop(): Promise<void>
}

export function repeatUntilStopped(attempt: () => Promise<void>): RepeatedTask {
  const counter = { attempts: 0 }
  let controller = new AbortController()
  let running = run(attempt, controller.signal, counter)
  const pause = async () => {
    controller.abort()
    await running
  }
  running.catch(() => undefined) // reported by pause or stop
  return {
    attempts: () => counter.attempts,
    pause,
    resume() {
      controller = new AbortController()
      running = run(attempt, controller.signal, counter)
      running.catch(() => undefined)
    },
    stop: pause,
  }
}

async function run(attempt: () => Promise<void>, signal: AbortSignal, counter: { attempts: number }): Promise<void> {
  while (!signal.aborted) {
    await attempt()
    counter.attempts += 1
    await sleep(pauseMs)
  }
}
