/**
 * How many exchanges the PullSecrets of one namespace can cause by changes: each one whose settings were exchanged can be changed, or
 * deleted and created again, any number of times. A token bucket for each namespace:
 *
 *   settings that were exchanged are not used any more ─▶ one is spent
 *   settings that were never exchanged                 ─▶ exchanged while not more is spent than there is, else when that is so again
 *
 * Refreshes and the first settings of a PullSecret spend nothing, so that none of them waits; retries have a budget of their own. All settings
 * that are in use can be changed together, and nothing waits for more than an hour: changes of many cost about as much as their refreshes.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { rfc3339 } from '../../text/time.ts'

/** Of a namespace with fewer settings in use. */
const least = 60
/** After this time there is one more. Milliseconds. */
const intervalMs = 60_000
const longestWaitMs = 60 * 60_000

interface Budget {
  /** Negative: more is spent than there was. */
  readonly left: number
  readonly atMs: number
}

export class ExchangeBudgets {
  readonly #now: Context['now']
  /** By namespace; absent: nothing is spent. */
  readonly #budgets = new Map<string, Budget>()
  /** Settings that were exchanged, and are used, by namespace. */
  readonly #inUse = new Map<string, number>()

  constructor({ now }: Pick<Context, 'now'>) {
    this.#now = now
  }

  /** For settings that are exchanged for the first time. */
  use(namespace: string): void {
    this.#inUse.set(namespace, (this.#inUse.get(namespace) ?? 0) + 1)
  }

  /** For settings that were exchanged and are not used any more. */
  spend(namespace: string): void {
    const atMs = this.#now().getTime()
    for (const name of this.#budgets.keys())
      if (this.#leftOf(name, atMs) === this.#mostOf(name)) this.#budgets.delete(name)
    const left = Math.max(-longestWaitMs / intervalMs, this.#leftOf(namespace, atMs) - 1)
    this.#budgets.set(namespace, { left, atMs })
    const inUse = (this.#inUse.get(namespace) ?? 0) - 1
    if (inUse > 0) this.#inUse.set(namespace, inUse)
    else this.#inUse.delete(namespace)
  }

  /** Why settings that were never exchanged are not exchanged now, with the time from which on they are; undefined: they are. */
  faultOf(namespace: string): PullpassError | undefined {
    const nowMs = this.#now().getTime()
    const left = this.#leftOf(namespace, nowMs)
    return left >= 0 ? undefined : postponed(namespace, new Date(nowMs + Math.ceil(-left * intervalMs)))
  }

  #mostOf(namespace: string): number {
    return Math.max(least, this.#inUse.get(namespace) ?? 0)
  }

  #leftOf(namespace: string, nowMs: number): number {
    const most = this.#mostOf(namespace)
    const { left, atMs } = this.#budgets.get(namespace) ?? { left: most, atMs: nowMs }
    return Math.min(most, left + Math.max(0, nowMs - atMs) / intervalMs)
  }
}

const postponed = (namespace: string, at: Date): PullpassError =>
  new PullpassError({
    code: 'QUOTA_EXCEEDED',
    hop: 'exchange',
    seen: `PullSecrets of namespace ${namespace} were changed or deleted so often that new settings wait: the next exchange of new settings is at ${rfc3339(at, 'up')}`,
    expected: `at most ${least} changes of exchanged settings, or one of each, then one in ${intervalMs / 1000} s`,
    hint: 'no action if this is temporary: entries that are valid stay, and are refreshed',
    retryable: true,
    retryAt: at,
    causeKey: namespace,
    details: { postponed: 'by the controller' },
  })
