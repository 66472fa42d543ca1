/** Retries with exponential backoff and jitter, never earlier than Retry-After. */

import { PullpassError } from '../errors/pullpass-error.ts'
import { showUrl } from '../text/show.ts'
import type { Context } from './context.ts'
import { parseHttpDate } from './transport.ts'

export interface RetryPolicy {
  readonly attempts: number
  /** Absent: `retryable` of the error. */
  readonly isRetryable?: (fault: PullpassError) => boolean
  /** Before each wait. */
  readonly onWait?: (fault: PullpassError, delayMs: number) => void
}

/** @throws the last attempt's error; immediately one that is not retryable, or whose retryAt is more than 30 s ahead */
export async function retry<T>(
  attempt: () => Promise<T>,
  { attempts, isRetryable = retryable, onWait }: RetryPolicy,
  { now, random, sleep, signal }: Pick<Context, 'now' | 'random' | 'sleep' | 'signal'>,
): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt()
    } catch (fault) {
      if (!(fault instanceof PullpassError) || !isRetryable(fault) || made >= attempts) throw fault
      const delayMs = retryDelayMs(made, random(), fault.retryAt, now())
      if (delayMs === undefined) throw fault
      onWait?.(fault, delayMs)
      await sleep(delayMs, signal)
    }
  }
}

const retryable = (error: PullpassError): boolean => error.retryable

// Retry-After (RFC 9110 §10.2.3): seconds, or a date.

/** When to retry, by this machine's clock; undefined if the header is absent or malformed. */
export function retryAtOf(header: string | undefined, receivedAt: Date): Date | undefined {
  if (header === undefined || header.length > 64) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return new Date(receivedAt.getTime() + Number(header) * 1000)
  return parseHttpDate(header)
}

const firstMs = 500
const longestMs = 30_000

/**
 * Milliseconds before attempt `attempt + 1`; undefined if the server requests a longer wait than a run allows.
 * `random` in [0, 1).
 */
export function retryDelayMs(
  attempt: number,
  random: number,
  retryAt: Date | undefined,
  now: Date,
): number | undefined {
  const backoffMs = Math.round(Math.min(longestMs, firstMs * 2 ** (attempt - 1)) * (0.5 + random / 2))
  const retryAfterMs = retryAt === undefined ? 0 : retryAt.getTime() - now.getTime()
  return retryAfterMs > longestMs ? undefined : Math.max(backoffMs, retryAfterMs)
}

export const requestRetried = 'a request failed and is retried'

/** Logs that a request failed and is retried. */
export const logRetry =
  ({ log }: Pick<Context, 'log'>, { url }: { readonly url: string }) =>
  ({ code }: PullpassError, delayMs: number): void =>
    log('info', requestRetried, { code, url: showUrl(url), delayMs })
