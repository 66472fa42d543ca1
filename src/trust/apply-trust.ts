/**
 * Makes what is missing, one change after another, each shown and agreed to first. What is there is seen, so that a run
 * which ended anywhere is taken up by the next; what does not depend on a failure is still done.
 */
import { asFault } from '../outside/as-fault.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { retryDelayMs } from '../outside/retry-delay.ts'
import type { GoogleConnection } from './ask-google.ts'
import { type Change, describeChange, type Finding, type Replaceable } from './finding.ts'
import { look } from './look.ts'
import { makeChange } from './make-change.ts'
import type { TrustRecord } from './trust-record.ts'
import { type Step, trustSteps } from './trust-steps.ts'
import type { WantedTrust } from './wanted-trust.ts'

export interface StepOutcome {
  readonly name: string
  readonly finding: Finding | undefined
  readonly result: 'unchanged' | 'made' | 'failed' | 'declined' | 'skipped'
  readonly fault?: PullpassError | undefined
  /** Of what was skipped: names of what it needs, and what could not be made. */
  readonly lacks?: readonly string[]
}

export interface ApplyWays {
  readonly replace: readonly Replaceable[]
  /** Shows a change, and asks where somebody is to be asked. */
  readonly agree: (change: string) => Promise<'make' | 'leave'>
  readonly record: TrustRecord
}

/** Others may be at work on the same resource, and a new one is not known everywhere at once. */
const attempts = 8

export async function applyTrust(
  wanted: WantedTrust,
  ways: ApplyWays,
  google: GoogleConnection,
): Promise<StepOutcome[]> {
  await google.token() // who has none is told so once
  const outcomes = new Map<string, StepOutcome>()
  for (const step of trustSteps(wanted)) {
    google.outside.signal.throwIfAborted()
    const lacking = step.needs.filter((name) => isLacking(outcomes.get(name)))
    outcomes.set(step.name, lacking.length > 0 ? skipped(step, lacking) : await takeStep(step, ways, google))
  }
  return [...outcomes.values()]
}

/** What could not be looked at may well be there. */
const isLacking = (outcome: StepOutcome | undefined) =>
  outcome !== undefined &&
  (outcome.result === 'skipped' ||
    outcome.result === 'declined' ||
    (outcome.result === 'failed' && outcome.finding?.presence === 'absent' && outcome.finding.verdict !== 'unknown') ||
    (outcome.result === 'failed' && outcome.finding?.verdict === 'undelete'))

const skipped = ({ name }: Step, lacking: readonly string[]): StepOutcome => ({
  name,
  finding: undefined,
  result: 'skipped',
  lacks: lacking,
})

async function takeStep(step: Step, ways: ApplyWays, google: GoogleConnection): Promise<StepOutcome> {
  const { outside } = google
  const agreed = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    const finding = await look(step.wanted, ways.replace, google)
    const { name } = step
    if (finding.fault !== undefined) return { name, finding, result: 'failed', fault: finding.fault }
    try {
      const result = await makeAll(finding.changes, { ...ways, agree: onceEach(ways.agree, agreed) }, google)
      return { name, finding, result: finding.changes.length === 0 && attempt > 1 ? 'made' : result }
    } catch (error) {
      outside.signal.throwIfAborted()
      const fault = asFault(error)
      if (!mayPass.includes(fault.code) || fault.retryable || attempt === attempts)
        return { name, finding, result: 'failed', fault }
      await outside.sleep(retryDelayMs(attempt, outside.random(), undefined, outside.now()) ?? 0, outside.signal)
    }
  }
}

/** Another run is at it, or what was made a moment ago is not known everywhere; a retryable one was tried long enough. */
const mayPass: readonly string[] = ['TRUST_CONFLICT', 'TRUST_ABSENT']

/** What was agreed to is not asked again when it is tried again. */
function onceEach(agree: ApplyWays['agree'], agreed: Set<string>): ApplyWays['agree'] {
  return async (change) => {
    if (agreed.has(change)) return 'make'
    const answer = await agree(change)
    if (answer === 'make') agreed.add(change)
    return answer
  }
}

async function makeAll(
  changes: readonly Change[],
  { agree, record }: ApplyWays,
  google: GoogleConnection,
): Promise<StepOutcome['result']> {
  for (const change of changes) {
    if ((await agree(describeChange(change))) === 'leave') return 'declined'
    if (change.kind === 'grant') await makeGrant(change, record, google)
    else await makeChange(google, change)
  }
  return changes.length === 0 ? 'unchanged' : 'made'
}

/** Recorded first; and struck out again where Google surely did not make it, since another may make it later. */
async function makeGrant(
  change: Extract<Change, { kind: 'grant' }>,
  record: TrustRecord,
  google: GoogleConnection,
): Promise<void> {
  await record.add(change.grant)
  try {
    await makeChange(google, change)
  } catch (error) {
    if (error instanceof PullpassError && refusals.includes(error.code)) await record.remove(change.grant)
    throw error
  }
}

const refusals: readonly string[] = [
  'TRUST_DENIED',
  'TRUST_REFUSED',
  'TRUST_ABSENT',
  'TRUST_CONFLICT',
  'TRUST_POLICY_FULL',
]
