/** What fails for a moment is tried again: more patiently each time, and never sooner than the other side asked. */
import type { Outside } from './outside.ts'
import { PullpassError } from './pullpass-error.ts'
import { retryDelayMs } from './retry-delay.ts'

export interface Perseverance {
  readonly attempts: number
  /** Whether another attempt may help; absent: as the fault says itself. */
  readonly mayPass?: (fault: PullpassError) => boolean
  /** Before each wait. */
  readonly onWait?: (fault: PullpassError, delayMs: number) => void
}

/** @throws the last attempt's fault; at once what is none, one that does not pass, or one that asks for more than 30 s */
export async function tryAgain<T>(
  attempt: () => Promise<T>,
  { attempts, mayPass = isRetryable, onWait }: Perseverance,
  { now, random, sleep, signal }: Pick<Outside, 'now' | 'random' | 'sleep' | 'signal'>,
): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt()
    } catch (fault) {
      if (!(fault instanceof PullpassError) || !mayPass(fault) || made >= attempts) throw fault
      const delayMs = retryDelayMs(made, random(), fault.retryAt, now())
      if (delayMs === undefined) throw fault
      onWait?.(fault, delayMs)
      await sleep(delayMs, signal)
    }
  }
}

const isRetryable = ({ retryable }: PullpassError): boolean => retryable
