/** Shows on a terminal what a run waits for, if there is no response for two seconds. */
import type { Context, Waiting } from '../http/context.ts'
import { plainLine } from '../text/plain-text.ts'

const delayMs = 2_000

/** `show` replaces the previous line; `undefined` removes it. */
export function reportWaits(
  show: (line: string | undefined) => void,
  { sleep, signal }: Pick<Context, 'sleep' | 'signal'>,
): NonNullable<Context['waiting']> {
  const slow = new Set<Waiting>()
  const showFirst = () => {
    const [first] = slow
    show(first && plainLine(`waiting for ${first.endpoint}${first.hop ? ` (${first.hop})` : ''}`))
  }
  return (waiting) => {
    const responded = new AbortController()
    const showWhenSlow = async () => {
      try {
        await sleep(delayMs, AbortSignal.any([responded.signal, signal]))
      } catch {
        return // there was a response in time, or the run ended
      }
      slow.add(waiting)
      showFirst()
    }
    void showWhenSlow()
    return () => {
      responded.abort()
      if (slow.delete(waiting)) showFirst()
    }
  }
}
