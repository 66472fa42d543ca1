/** Waits for a state of another program by polling. */
import { setTimeout as sleep } from 'node:timers/promises'

/** A twentieth of the time that it has waited, so that a long wait costs little CPU and ends hardly later. */
const intervalMs = (waitedMs: number): number => Math.min(50 + waitedMs / 20, 500)

/**
 * Returns the first result of `poll` that is not undefined. An error of `poll` counts as undefined; the last one is the
 * cause of the timeout error. `signal` ends the wait with its reason.
 */
export async function waitUntil<Value>(
  description: string,
  timeoutMs: number,
  poll: () => Promise<Value | undefined>,
  signal?: AbortSignal,
): Promise<Value> {
  const startedMs = Date.now()
  let cause: unknown
  while (Date.now() < startedMs + timeoutMs) {
    signal?.throwIfAborted()
    try {
      const value = await poll()
      if (value !== undefined) return value
      cause = undefined
    } catch (fault) {
      cause = fault
    }
    await sleep(intervalMs(Date.now() - startedMs))
  }
  throw new Error(`waited ${timeoutMs / 1000} s for ${description}`, { cause })
}
