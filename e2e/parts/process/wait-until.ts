/** Waits for what another program will do, by asking it again and again. */
import { setTimeout as sleep } from 'node:timers/promises'

const intervalMs = 50

/**
 * The first answer of `ask` that is not undefined; a fault of `ask` counts as "not yet", the last one is the cause of
 * the timeout's. `giveUp` ends the wait with its reason.
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
