/** Ends a run when its time is over, by the run's own clock. */
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { HardDeadline } from './hard-deadline.ts'
import { readDuration } from './read-duration.ts'

/** A timer of more than 24 days is over at once. */
const longestMs = 2 ** 31 - 1

export interface Bound {
  /** Aborted when the run is interrupted, or its time is over: the reason is the error to show. */
  readonly signal: AbortSignal
  readonly cancel: () => void
}

export interface Ending extends Pick<Outside, 'sleep' | 'signal'> {
  /** Ends the process where its event loop cannot serve the deadline. */
  readonly endHard?: ((timeoutMs: number, fault: PullpassError) => HardDeadline) | undefined
}

/** `timeout` undefined: only an interruption ends it. @throws USAGE_INVALID where it is no duration */
export function endAfter(timeout: string | undefined, { sleep, signal, endHard }: Ending): Bound {
  if (timeout === undefined) return { signal, cancel: () => undefined }
  const timeoutMs = readDuration('--timeout', timeout)
  const fault = timedOut(timeout)
  const hard = endHard?.(Math.min(timeoutMs, longestMs), fault)
  const over = new AbortController()
  const cancelled = new AbortController()
  const end = () => {
    hard?.serve()
    over.abort(fault)
  }
  sleep(Math.min(timeoutMs, longestMs), cancelled.signal).then(
    () => end(),
    () => undefined, // cancelled: the run ended in time
  )
  const cancel = () => {
    hard?.serve()
    cancelled.abort()
  }
  return { signal: AbortSignal.any([signal, over.signal]), cancel }
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
