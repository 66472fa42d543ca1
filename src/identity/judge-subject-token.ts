/** All that is known against a subject token before anybody sees it: pure. */
import type { PullpassError } from '../outside/pullpass-error.ts'
import { type AcceptedAudiences, checkAudience } from './check-audience.ts'
import { checkLifetime } from './check-lifetime.ts'
import { checkSubjectLength } from './check-subject-length.ts'
import type { SubjectToken } from './subject-token.ts'

export interface JudgedToken {
  readonly token: SubjectToken
  /** Where it came from, for messages. */
  readonly where: string
  /** Who is to take it; empty: that is not judged. */
  readonly accepted: readonly AcceptedAudiences[]
}

/** Empty where nothing is known against it; its signature is nobody's business here. */
export function judgeSubjectToken({ token, where, accepted }: JudgedToken, now: Date): PullpassError[] {
  const faults = [
    checkLifetime(token, where, now),
    ...accepted.map((audiences) => checkAudience(token, where, audiences)),
    checkSubjectLength(token, where),
  ]
  return faults.filter((fault) => fault !== undefined)
}
