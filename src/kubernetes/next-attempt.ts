/** Whether a request to the API server is made again, and when: a pure rule over what became of it. */

import { PullpassError } from '../outside/pullpass-error.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import { AnswerTooLarge, AnswerUnusable } from '../outside/transport.ts'

import { Untrusted } from './line.ts'

export type Outcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly retryAt: Date | undefined
      /** The object exceeds what etcd stores. */
      readonly isTooLarge?: boolean
    }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface Patience {
  /** Attempts made so far. */
  readonly attempt: number
  /** Since the first of them. */
  readonly elapsedMs: number
  /** Whether this server answered anything in this run: one that never did is sooner given up. */
  readonly server: 'heard' | 'unheard'
  /** The longest time that this request may take with all its attempts. Absent: 2 min. */
  readonly retryForMs?: number | undefined
}

const firstMs = 100
const longestMs = 5_000
const giveUpMs = { heard: 120_000, unheard: 10_000 } as const

/**
 * Milliseconds to wait before the next attempt; undefined where another would not help, or not within a run's patience.
 * Everything that is asked of the API server may be repeated: an apply is idempotent, a further token does no harm.
 * `random` in [0, 1).
 */
export function nextAttemptMs(outcome: Outcome, patience: Patience, random: number, now: Date): number | undefined {
  if (!mayPass(outcome)) return undefined
  const backoffMs = Math.min(longestMs, firstMs * 2 ** (patience.attempt - 1)) * (0.5 + random / 2)
  const retryAt = outcome.kind === 'answered' ? outcome.retryAt : undefined
  const delayMs = Math.round(Math.max(backoffMs, retryAt ? retryAt.getTime() - now.getTime() : 0))
  const giveUpAfterMs = Math.min(giveUpMs[patience.server], patience.retryForMs ?? giveUpMs.heard)
  return patience.elapsedMs + delayMs > giveUpAfterMs ? undefined : delayMs
}

function mayPass(outcome: Outcome): boolean {
  if (outcome.kind === 'answered') return (outcome.status === 429 || outcome.status >= 500) && !outcome.isTooLarge
  const { error } = outcome
  if ([PullpassError, AnswerTooLarge, AnswerUnusable, Untrusted].some((kind) => error instanceof kind)) return false
  return systemErrorCode(error) !== 'ENOTFOUND' // a name that does not exist is a wrong kubeconfig
}
