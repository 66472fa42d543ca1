/** What fails for a moment is tried again: more patiently each time, and never sooner than the other side asked. */

import { PullpassError } from '../errors/pullpass-error.ts'
import { showUrl } from '../text/show.ts'
import type { Context } from './context.ts'

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
  { now, random, sleep, signal }: Pick<Context, 'now' | 'random' | 'sleep' | 'signal'>,
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

// Retry-After (RFC 9110 §10.2.3): seconds, or a date.

/** When to ask again, on this machine's clock; undefined where the header is absent or makes no sense. */
export function retryAtOf(header: string | undefined, receivedAt: Date): Date | undefined {
  if (header === undefined || header.length > 64) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return new Date(receivedAt.getTime() + Number(header) * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : new Date(date)
}

/** How long to wait before a request is made again: doubling, jittered, and never sooner than the other side asked. */
const firstMs = 500
const longestMs = 30_000

/**
 * Milliseconds before attempt `attempt + 1`; undefined where the other side asked for more patience than a run has.
 * `random` in [0, 1).
 */
export function retryDelayMs(
  attempt: number,
  random: number,
  retryAt: Date | undefined,
  now: Date,
): number | undefined {
  const backoffMs = Math.round(Math.min(longestMs, firstMs * 2 ** (attempt - 1)) * (0.5 + random / 2))
  const askedMs = retryAt === undefined ? 0 : retryAt.getTime() - now.getTime()
  return askedMs > longestMs ? undefined : Math.max(backoffMs, askedMs)
}

/** Says that a request failed and is made again. */
export const logAgain =
  ({ log }: Pick<Context, 'log'>, { url }: { readonly url: string }) =>
  ({ code }: PullpassError, delayMs: number): void =>
    log('info', 'a request failed and is made again', { code, url: showUrl(url), delayMs })
