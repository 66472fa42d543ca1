/** Waits for a state of another program by polling. */
import { setTimeout as sleep } from 'node:timers/promises'

const intervalMs = 50

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
  const deadline = Date.now() + timeoutMs
  let cause: unknown
  while (Date.now() < deadline) {
    signal?.throwIfAborted()
    try {
      const value = await poll()
      if (value !== undefined) return value
      cause = undefined
    } catch (fault) {
      cause = fault
    }
    await sleep(intervalMs)
  }
  throw new Error(`waited ${timeoutMs / 1000} s for ${description}`, { cause })
}
