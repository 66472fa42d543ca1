/**
 * How many failed exchanges of the PullSecrets of one namespace are tried again: each has a back-off of its own, but 1,600 settings that a
 * cloud refuses would cost it 210 requests a minute, without end. A token bucket and a line for each namespace:
 *
 *   back-off is over ─▶ in line ─▶ takes a token ─▶ exchanged ─▶ failed: the token is spent
 *                         ▲          one more in 10 s    └─────▶ succeeded: it is returned, and the next in line does not wait
 *
 * A namespace with few failures has a token whenever a back-off is over. One with many tries one of them every 10 s, so that an outage is
 * noticed to have ended as soon as with one failure, and then all of them are tried, one after the other. Refreshes of credentials that are
 * valid for a few minutes are in a line of their own, without a return.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'

/** More than the back-off of one failure needs before it is longer than the interval. */
const most = 20
/** After this time there is one more. Milliseconds. */
const intervalMs = 10_000

interface Line {
  /** Tokens. */
  left: number
  atMs: number
  /** What waits, in this order. */
  readonly waiting: Map<string, () => void>
  alarm: 'none' | 'set'
}

export class RetryBudgets {
  readonly #context: Pick<Context, 'now' | 'sleep' | 'signal'>
  /** Absent: it has all its tokens, and nothing waits. */
  readonly #lines = new Map<string, Line>()

  constructor(context: Pick<Context, 'now' | 'sleep' | 'signal'>) {
    this.#context = context
  }

  /** Calls `start` as soon as there is a token, which it takes. */
  request(line: string, key: string, start: () => void): 'started' | 'waits' {
    const { waiting } = this.#lineOf(line)
    waiting.set(key, start)
    this.#startNext(line)
    return waiting.has(key) ? 'waits' : 'started'
  }

  /** What waits is not needed any more. */
  withdraw(line: string, key: string): void {
    this.#lines.get(line)?.waiting.delete(key)
  }

  /** What took a token has succeeded. */
  succeeded(line: string): void {
    this.#lineOf(line).left += 1
    this.#startNext(line)
  }

  get waiting(): number {
    let total = 0
    for (const { waiting } of this.#lines.values()) total += waiting.size
    return total
  }

  #lineOf(name: string): Line {
    const known = this.#lines.get(name)
    if (known !== undefined) return known
    for (const [other, line] of this.#lines) {
      this.#refill(line)
      if (line.left === most && line.waiting.size === 0) this.#lines.delete(other)
    }
    const line: Line = { left: most, atMs: this.#context.now().getTime(), waiting: new Map(), alarm: 'none' }
    this.#lines.set(name, line)
    return line
  }

  #refill(line: Line): void {
    const nowMs = this.#context.now().getTime()
    line.left = Math.min(most, line.left + Math.max(0, nowMs - line.atMs) / intervalMs)
    line.atMs = nowMs
  }

  #startNext(name: string): void {
    const line = this.#lines.get(name)
    if (line === undefined) return
    this.#refill(line)
    for (const [key, start] of line.waiting) {
      if (line.left < 1) break
      line.left -= 1
      line.waiting.delete(key)
      start()
    }
    if (line.waiting.size === 0 || line.alarm === 'set') return
    line.alarm = 'set'
    const { sleep, signal } = this.#context
    const startNext = () => {
      line.alarm = 'none'
      this.#startNext(name)
    }
    sleep(Math.ceil((1 - line.left) * intervalMs), signal).then(startNext, () => undefined) // the term ends
  }
}

/** For the status of a PullSecret. */
export const retriesLimited: string = `further attempts wait: the failed exchanges of the PullSecrets of this namespace are tried again at most ${60_000 / intervalMs} times a minute`

/** Why a credential that is due waits: 1,600 that are valid for a minute would cost a cloud thousands of requests a minute. */
export const shortLivedLimited = (namespace: string): PullpassError =>
  new PullpassError({
    code: 'QUOTA_EXCEEDED',
    hop: 'exchange',
    seen: `PullSecrets of namespace ${namespace} have so many credentials that are valid for less than ten minutes that their refreshes wait`,
    expected: `at most ${60_000 / intervalMs} refreshes of such credentials a minute`,
    hint: 'set a longer lifetime in the document or at the vendor',
    retryable: true,
    causeKey: namespace,
    details: { postponed: 'by the controller' },
  })
