/** What a run waits for, on a terminal: shown where no answer has come for two seconds, and removed when it comes. */
import type { Context, Waiting } from '../http/context.ts'
import { plainLine } from '../text/plain-text.ts'

const patienceMs = 2_000

/** `show` replaces the line that it showed before; `undefined` removes it. */
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
    const answered = new AbortController()
    const showWhenSlow = async () => {
      try {
        await sleep(patienceMs, AbortSignal.any([answered.signal, signal]))
      } catch {
        return // it was answered in time, or the run is over
      }
      slow.add(waiting)
      showFirst()
    }
    void showWhenSlow()
    return () => {
      answered.abort()
      if (slow.delete(waiting)) showFirst()
    }
  }
}
