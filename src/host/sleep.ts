/** The sleep of the two processes, which other code gets as an argument. */
import { setTimeout as wait } from 'node:timers/promises'

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}
