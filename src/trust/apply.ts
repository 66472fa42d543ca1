/**
 * Creates missing resources, one change after another, each shown and confirmed first. Existing resources are read first, so that a
 * run continues an interrupted one. A resource that requires one that is not in place is not created; the others are.
 */
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context, Log } from '../http/context.ts'
import { retryDelayMs } from '../http/retry.ts'
import type { AbsentAccount } from '../kubernetes/objects/request-token.ts'
import type {
  Accepted,
  Change,
  MissingNeed,
  RecordEntry,
  TrustFinding,
  TrustRecord,
  TrustResource,
} from '../vendors/trust/contract.ts'

export interface StepOutcome extends Pick<TrustResource, 'vendor' | 'kind' | 'name'> {
  readonly finding: TrustFinding | undefined
  /** `unfinished`: the run ended during the change; `not-started`: the run ended before it. */
  readonly result: 'unchanged' | 'changed' | 'failed' | 'declined' | 'blocked' | 'unfinished' | 'not-started'
  readonly fault?: PullpassError | undefined
  /** If it is blocked: the resources that it needs and that are not in place. */
  readonly missingNeeds?: readonly MissingNeed[]
}

export interface ApplyInputs {
  readonly accepted: Accepted
  /** Shows a change, and requests confirmation on a terminal. */
  readonly confirm: (change: string) => Promise<'confirmed' | 'declined'>
  readonly record: TrustRecord
}

/** Other writers may change the same resource, and a new one is not visible everywhere immediately. */
const attempts = 8

/** Does not reject if the run is aborted: the outcomes report it. */
export async function applyTrust(
  resources: readonly TrustResource[],
  inputs: ApplyInputs,
  context: Context,
): Promise<StepOutcome[]> {
  const outcomes = new Map<string, StepOutcome>()
  for (const resource of resources) {
    const { vendor, kind, name, needs } = resource
    const missingNeeds = needs.flatMap((one) => notInPlace(outcomes.get(one)))
    const step = context.signal.aborted
      ? ({ finding: undefined, result: 'not-started' } as const)
      : missingNeeds.length > 0
        ? await reportBlocked(resource, missingNeeds, inputs, context)
        : await applyResource(resource, inputs, context)
    outcomes.set(name, { vendor, kind, name, ...step })
  }
  return [...outcomes.values()]
}

type Step = Omit<StepOutcome, 'vendor' | 'kind' | 'name'>

/** A resource that could not be read is not in place either: it may belong to another cluster, which a grant would include. */
function notInPlace(outcome: StepOutcome | undefined): MissingNeed[] {
  if (outcome === undefined || outcome.result === 'changed' || outcome.result === 'unchanged') return []
  const { vendor, kind, name, finding, result } = outcome
  return [{ vendor, kind, name, state: finding?.verdict === 'refused' ? 'refused' : result }]
}

/** A resource that already is as desired is unchanged, not blocked. */
async function reportBlocked(
  resource: TrustResource,
  missingNeeds: readonly MissingNeed[],
  { accepted }: ApplyInputs,
  { signal }: Context,
): Promise<Step> {
  try {
    const finding = await resource.observe(accepted)
    if (finding.fault !== undefined) return { finding, result: 'failed', fault: finding.fault }
    return finding.changes.length === 0
      ? { finding, result: 'unchanged' }
      : { finding, result: 'blocked', missingNeeds }
  } catch (error) {
    if (signal.aborted) return { finding: undefined, result: 'not-started' }
    throw error
  }
}

async function applyResource(resource: TrustResource, inputs: ApplyInputs, context: Context): Promise<Step> {
  const confirmed = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    let finding: TrustFinding | undefined
    try {
      finding = await resource.observe(inputs.accepted)
      if (finding.fault !== undefined) return { finding, result: 'failed', fault: finding.fault }
      const result = await applyChanges(finding.changes, resource.entry, {
        ...inputs,
        confirm: confirmOnce(inputs.confirm, confirmed),
      })
      const undeleted =
        finding.verdict === 'undelete' && result === 'changed' ? await resource.observe(inputs.accepted) : undefined
      if (undeleted?.verdict === 'refused') return { finding: undeleted, result: 'failed', fault: undeleted.fault }
      if (result !== 'declined') await recordRecovery(resource.recoveryEntry(), inputs.record, context.log)
      return { finding, result: finding.changes.length === 0 && attempt > 1 ? 'changed' : result }
    } catch (error) {
      if (context.signal.aborted) return { finding, result: confirmed.size === 0 ? 'not-started' : 'unfinished' }
      const fault = asFault(error)
      if (!transientCodes.includes(fault.code) || fault.retryable || attempt === attempts)
        return { finding, result: 'failed', fault }
      const delayMs = retryDelayMs(attempt, context.random(), undefined, context.now()) ?? 0
      await context.sleep(delayMs, context.signal).catch(() => undefined) // only an abort, which the next observation reports
    }
  }
}

/** Another run changes the same resource, or a new one is not yet visible everywhere; retryable errors were retried already. */
const transientCodes: readonly string[] = ['TRUST_CONFLICT', 'TRUST_NOT_FOUND']

/** A confirmed change is not confirmed again for a retry. */
function confirmOnce(confirm: ApplyInputs['confirm'], confirmed: Set<string>): ApplyInputs['confirm'] {
  return async (change) => {
    if (confirmed.has(change)) return 'confirmed'
    const decision = await confirm(change)
    if (decision === 'confirmed') confirmed.add(change)
    return decision
  }
}

async function applyChanges(
  changes: readonly Change[],
  entry: RecordEntry | undefined,
  { confirm, record }: ApplyInputs,
): Promise<StepOutcome['result']> {
  for (const change of changes) {
    if ((await confirm(change.description)) === 'declined') return 'declined'
    if (entry === undefined) await change.apply()
    else await applyRecorded(change, entry, record)
  }
  return changes.length === 0 ? 'unchanged' : 'changed'
}

/** Recorded first; the entry is removed if the vendor refused the change, since another owner may make the same grant later. */
async function applyRecorded(change: Change, entry: RecordEntry, record: TrustRecord): Promise<void> {
  await record.write(entry)
  try {
    await change.apply()
  } catch (error) {
    if (error instanceof PullpassError && refusals.includes(error.code)) await record.remove(entry)
    throw error
  }
}

const refusals: readonly string[] = [
  'TRUST_DENIED',
  'TRUST_REFUSED',
  'TRUST_NOT_FOUND',
  'TRUST_CONFLICT',
  'TRUST_POLICY_FULL',
  'API_DISABLED',
  'PERIMETER_DENIED',
]

/** Whether grants can be recorded, before anything is created: otherwise resources would be created and then no grant. */
interface Recording extends Pick<ApplyInputs, 'accepted' | 'record'> {
  /** ServiceAccounts whose tokens are to be exchanged, and that do not exist. */
  readonly absent: readonly AbsentAccount[]
}

/** @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, …; not where nothing is to be granted */
export async function checkRecord(resources: readonly TrustResource[], recording: Recording): Promise<void> {
  const { accepted, record, absent } = recording
  const tried = new Set<string>()
  for (const resource of resources) {
    const { entry } = resource
    const namespaces = entry?.namespaces.join(' ') ?? ''
    if (entry === undefined || tried.has(namespaces) || (await resource.observe(accepted)).changes.length === 0)
      continue
    tried.add(namespaces)
    await record.dryRun(entry).catch((fault: unknown) => {
      throw fault instanceof PullpassError ? unrecordable(fault, absent) : fault
    })
  }
}

function unrecordable(fault: PullpassError, absent: readonly AbsentAccount[]): PullpassError {
  if (fault.code !== 'NAMESPACE_NOT_FOUND' && fault.code !== 'KUBERNETES_FORBIDDEN') return fault
  const { code, hop, seen, expected, hint = '', retryable } = fault
  const create = absent.find(({ missing }) => missing === 'namespace')?.command
  const without = '--no-record creates them without a record, and trust destroy then leaves the grants'
  return new PullpassError({
    code,
    hop,
    seen: `${seen}; grants are recorded there, so nothing was created`,
    expected,
    ...(create === undefined
      ? { hint: `${without}; or ${hint}`, command: fault.command }
      : { hint: `${without}; or create the namespace`, command: create }),
    retryable,
  })
}

/** Records what restores a deleted resource; a failure to record it is not a failure of the resource. */
export async function recordRecovery(entry: RecordEntry | undefined, record: TrustRecord, log: Log): Promise<void> {
  if (entry === undefined) return
  try {
    const texts = await record.read(entry)
    if (texts.length < record.copies(entry) || texts.some((text) => text !== entry.text)) await record.write(entry)
  } catch (fault) {
    if (!(fault instanceof PullpassError)) throw fault
    log('warn', 'what restores a deleted resource could not be recorded', { entry: entry.text, seen: fault.seen })
  }
}
