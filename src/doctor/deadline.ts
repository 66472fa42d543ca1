/**
 * The time of the run. While it lasts, sources are gathered; when it is over, the steps in progress are known and no further
 * one starts. The facts gathered so far are evaluated.
 */
import { PullpassError } from '../errors/pullpass-error.ts'
import { dependencyFailed, failedBy, type HopFinding } from './finding.ts'
import type { Hop } from './hop.ts'
import type { DoctorRequest } from './request.ts'

/** A step that was in progress when the time was over. */
export interface LateStep {
  readonly hops: readonly string[]
  readonly of: string
  readonly for?: string | undefined
  readonly advice?: string | undefined
}

export interface Late {
  readonly steps: readonly LateStep[]
  readonly fault: PullpassError
}

export interface Deadline {
  /** What `gather` returns; `otherwise` where the time is over before. @throws INTERRUPTED */
  readonly limit: <T>(step: LateStep, otherwise: T, gather: () => Promise<T>) => Promise<T>
  /** undefined: no step was late. */
  readonly late: () => Late | undefined
}

export function createDeadline(signal: AbortSignal): Deadline {
  const steps: LateStep[] = []
  const isOver = () => signal.aborted
  const over = Promise.withResolvers<'over'>()
  signal.addEventListener('abort', () => over.resolve('over'), { once: true })
  return {
    async limit(step, otherwise, gather) {
      if (steps.length > 0) return otherwise
      const gathered = isOver() ? 'over' : await Promise.race([gather().catch(unlessOver(signal)), over.promise])
      if (gathered !== 'over' && !isOver()) return gathered
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

/** A run that is interrupted reports nothing. */
function timeIsOver({ reason }: AbortSignal): PullpassError {
  if (reason instanceof PullpassError && reason.code === 'TIMED_OUT') return reason
  throw reason
}

/** With the hop that timed out; hops that were not checked for that are skipped. Pure. */
export function evaluateLate(
  found: readonly HopFinding[],
  { steps, fault }: Late,
  { hops, request }: { readonly hops: readonly Hop[]; readonly request: DoctorRequest },
): HopFinding[] {
  const names = hops.map(({ name }) => name)
  const listed = ({ hops: ofStep }: LateStep) => ofStep.filter((hop) => names.includes(hop))
  const late = steps.flatMap((step) => listed(step).map((hop) => ({ ...step, hop })))
  const [first] = late.toSorted((one, other) => names.indexOf(one.hop) - names.indexOf(other.hop))
  if (first === undefined) return [...found]
  const { hop, of, for: purpose, advice = 'check the network and proxies between here and there' } = first
  const failed: HopFinding = {
    ...failedBy(hop, of, fault, { words: `${advice}, or give it longer: --timeout` }),
    seen: `no response in time${purpose === undefined ? '' : ` to ${purpose}`}: ${fault.seen}`,
  }
  const seen = found.filter((finding) => !late.some((one) => one.hop === finding.hop))
  const unseen = hops.filter(
    ({ name, applies }) => name !== hop && applies?.(request) !== false && !seen.some((one) => one.hop === name),
  )
  const all = [...seen, failed]
  const cause = names.flatMap((name) => all.find((one) => one.hop === name && one.result === 'failed') ?? [])[0]
  return [...all, ...unseen.map(({ name }) => dependencyFailed(name, '', cause ?? failed))]
}
