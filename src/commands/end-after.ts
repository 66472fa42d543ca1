/** Ends a run when its time is over, by the run's own clock. */
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { readDuration } from './read-duration.ts'

/** A timer of more than 24 days is over at once. */
const longestMs = 2 ** 31 - 1

export interface Bound {
  /** Aborted when the run is interrupted, or its time is over: the reason is the error to show. */
  readonly signal: AbortSignal
  readonly cancel: () => void
}

/** `timeout` undefined: only an interruption ends it. @throws USAGE_INVALID where it is no duration */
export function endAfter(timeout: string | undefined, { sleep, signal }: Pick<Outside, 'sleep' | 'signal'>): Bound {
  if (timeout === undefined) return { signal, cancel: () => undefined }
  const timeoutMs = readDuration('--timeout', timeout)
  const over = new AbortController()
  const cancelled = new AbortController()
  sleep(Math.min(timeoutMs, longestMs), cancelled.signal).then(
    () => over.abort(timedOut(timeout)),
    () => undefined, // cancelled: the run ended in time
  )
  return { signal: AbortSignal.any([signal, over.signal]), cancel: () => cancelled.abort() }
}

const timedOut = (timeout: string) =>
  new PullpassError({
    code: 'TIMED_OUT',
    hop: 'run',
    seen: `the run did not end within ${timeout}`,
    expected: 'answers in time',
    hint: 'see which hop is slow with --log-level debug, or give it longer with --timeout',
    retryable: true,
  })
