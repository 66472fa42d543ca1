/**
 * Detects that the clock of this machine was set back. What was recorded before (expiries, delays) is later than it seems:
 * credentials expire before they are due, and what waits for a time waits longer. A clock that is set forward needs nothing: what
 * seems due is refreshed early. How far it is ahead of the clock of a cloud does not matter, since `vendors/expiry.ts` converts.
 */
import type { Context } from '../http/context.ts'
import { toleratedMs } from './evaluate-secret.ts'

const checkMs = 10_000

/** Until the signal. A sleep lasts at least as long as it should, by a clock that is never set. @throws the signal's reason */
export async function watchClock(
  onSetBack: () => void,
  { now, sleep, signal, log }: Pick<Context, 'now' | 'sleep' | 'signal' | 'log'>,
): Promise<never> {
  for (;;) {
    const expectedMs = now().getTime() + checkMs
    await sleep(checkMs, signal)
    const backMs = expectedMs - now().getTime()
    if (backMs <= toleratedMs) continue
    const seconds = String(Math.round(backMs / 1000))
    log('warn', 'the clock of this machine was set back: every credential is exchanged again', { seconds })
    onSetBack()
  }
}
