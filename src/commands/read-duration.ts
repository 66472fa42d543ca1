/** A flag that is a duration. */
import { showValue } from '../document/show-value.ts'
import { parseDuration } from '../outside/parse-duration.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

/** Milliseconds, more than none. @throws USAGE_INVALID */
export function readDuration(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${flag} is ${showValue(text)}`,
    expected: 'hours, minutes and seconds, more than none, such as 90s, 5m or 1h30m',
  })
}
