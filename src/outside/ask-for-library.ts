/**
 * One request of a vendor's library over the run's own transport, so that its authorities, its proxy, its end and its bounds
 * hold there too: by itself a library opens connections of its own, trusts the process's authorities and follows redirects.
 */
import { type Hop, PullpassError } from './pullpass-error.ts'
import { retryDelayMs } from './retry-delay.ts'
import type { SendOutside } from './send.ts'
import type { HttpAnswer, HttpRequest } from './transport.ts'
import { transportFault } from './transport-fault.ts'

export interface LibraryRequest extends Omit<HttpRequest, 'maxBytes' | 'signal'> {
  readonly hop: Hop
  /** For messages: who is asked, `Google`. */
  readonly who: string
  /** The library's own. */
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

const maxBytes = 1024 * 1024
const defaultTimeoutMs = 20_000
/** Answers are the library's to judge and to repeat; where none came, it would not know this error. */
const attempts = 3

/** @throws PullpassError where no answer came, or too long a one */
export async function askForLibrary(outside: SendOutside, request: LibraryRequest): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOnce(outside, request)
    } catch (fault) {
      const delayMs = retryDelayMs(attempt, outside.random(), undefined, outside.now())
      const again = fault instanceof PullpassError && fault.retryable && attempt < attempts
      if (!again || request.timeoutMs !== undefined || delayMs === undefined) throw fault
      outside.log('info', 'a request failed and is made again', { code: fault.code, url: request.url, delayMs })
      await outside.sleep(delayMs, outside.signal)
    }
  }
}

async function askOnce(outside: SendOutside, request: LibraryRequest): Promise<HttpAnswer> {
  const { hop, who, signal, timeoutMs = defaultTimeoutMs, ...message } = request
  const timeout = AbortSignal.timeout(timeoutMs)
  const ends = [timeout, outside.signal, signal].filter((end) => end !== undefined)
  try {
    return await outside.transport({ ...message, maxBytes, signal: AbortSignal.any(ends) })
  } catch (error) {
    outside.signal.throwIfAborted()
    signal?.throwIfAborted()
    if (error instanceof PullpassError) throw error // it is in words already
    const timedOut = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : undefined
    throw transportFault({ hop, who, url: request.url }, timedOut, error)
  }
}
