/** What fails now: the cause of each subject's failure, and how many subjects share it. A subject is a Secret or an exchange. */
import type { PullpassError } from '../../errors/pullpass-error.ts'

export interface CurrentFailure {
  /** The latest with this cause. */
  readonly fault: PullpassError
  readonly since: Date
  readonly subjects: number
  /** So often it was seen. */
  readonly failures: number
}

interface Cause {
  fault: PullpassError
  readonly since: Date
  subjects: number
  failures: number
}

export class CurrentFailures {
  /** By subject. */
  readonly #causes = new Map<string, string>()
  /** By cause. */
  readonly #failures = new Map<string, Cause>()

  /** `first`: no other subject has this cause now. */
  add(subject: string, fault: PullpassError, at: Date): 'first' | 'known' {
    const cause = JSON.stringify([fault.code, fault.causeKey ?? fault.seen])
    const known = this.#failures.get(cause)
    const failure = known ?? { fault, since: at, subjects: 0, failures: 0 }
    this.remove(subject)
    failure.fault = fault
    failure.subjects += 1
    failure.failures += 1
    this.#failures.set(cause, failure)
    this.#causes.set(subject, cause)
    return known === undefined ? 'first' : 'known'
  }

  /** The failure that has ended: this was its last subject. */
  remove(subject: string): CurrentFailure | undefined {
    const cause = this.#causes.get(subject)
    const failure = cause === undefined ? undefined : this.#failures.get(cause)
    if (cause === undefined || failure === undefined) return undefined
    this.#causes.delete(subject)
    failure.subjects -= 1
    if (failure.subjects > 0) return undefined
    this.#failures.delete(cause)
    return failure
  }

  clear(): void {
    this.#causes.clear()
    this.#failures.clear()
  }

  /** Those that most subjects share first. */
  list(): CurrentFailure[] {
    return [...this.#failures.values()].toSorted((one, other) => other.subjects - one.subjects)
  }
}
