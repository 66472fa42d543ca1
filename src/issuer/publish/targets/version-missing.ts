/** A store that does not say which state it answered with: nobody could tell then whether somebody else wrote since. */
import { PullpassError } from '../../../outside/pullpass-error.ts'

export const versionMissing = (target: string, hint: string): PullpassError =>
  new PullpassError({
    code: 'ANSWER_MALFORMED',
    hop: 'publish',
    seen: `what lies at ${target} was answered without an ETag`,
    expected: 'one: by it pullpass sees whether somebody else wrote',
    hint,
  })
