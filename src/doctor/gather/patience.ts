/**
 * While the run's time lasts, hops are looked at; when it is over, whoever has not answered is known, and nothing more is
 * asked. What was seen by then is told, where a run of another command would end.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { DoctorHop } from '../finding.ts'

export interface Step {
  /** What is learned by it, in the order of the way. */
  readonly hops: readonly DoctorHop[]
  /** Who is asked. */
  readonly of: string
  /** For what: `the dry run of Secrets`. */
  readonly for?: string
}

export interface Late {
  /** Whose answers were awaited when the time was over. */
  readonly steps: readonly Step[]
  readonly fault: PullpassError
}

export interface Patience {
  /** What `look` finds; `otherwise` where the time is over before it is done. @throws INTERRUPTED */
  readonly await: <T>(step: Step, otherwise: T, look: () => Promise<T>) => Promise<T>
  /** undefined: all answered. */
  readonly late: () => Late | undefined
}

export function createPatience(signal: AbortSignal): Patience {
  const steps: Step[] = []
  const isOver = () => signal.aborted
  const over = Promise.withResolvers<'over'>()
  signal.addEventListener('abort', () => over.resolve('over'), { once: true })
  return {
    async await(step, otherwise, look) {
      if (steps.length > 0) return otherwise
      const answered = isOver() ? 'over' : await Promise.race([look().catch(unlessOver(signal)), over.promise])
      if (answered !== 'over' && !isOver()) return answered
      steps.push(step)
      return otherwise
    },
    late: () => (steps.length === 0 ? undefined : { steps, fault: timeIsOver(signal) }),
  }
}

const unlessOver =
  (signal: AbortSignal) =>
  (fault: unknown): 'over' => {
    if (signal.aborted) return 'over'
    throw fault
  }

/** Whoever interrupts wants nothing told. */
function timeIsOver({ reason }: AbortSignal): PullpassError {
  if (reason instanceof PullpassError && reason.code === 'TIMED_OUT') return reason
  throw reason
}
