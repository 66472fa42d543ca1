/**
 * Removes the resources that pullpass created for these clusters: those that are recorded or carry the mark of a cluster. Resources
 * of other owners stay, and those that other owners still use.
 */
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { RemovalPlan, RemovalScope, TrustRecord, TrustResource } from '../vendors/trust/contract.ts'
import { recordRecovery } from './apply.ts'

export interface Removal extends Pick<TrustResource, 'vendor' | 'kind' | 'name'> {
  /** `remove`: would be removed, in a dry run; `unfinished`: the run ended during the removal; `not-started`: the run ended before it. */
  readonly result: 'removed' | 'remove' | 'absent' | 'kept' | 'declined' | 'failed' | 'unfinished' | 'not-started'
  /** Why it was kept, or how it can be restored. */
  readonly note?: string
  readonly fault?: PullpassError
}

export interface RemovalInputs {
  /** Absent in a dry run, which changes nothing. `name`: of the resource. */
  readonly confirm: ((change: string, name: string) => Promise<'confirmed' | 'declined'>) | undefined
  readonly record: TrustRecord
  /** Of the clusters: a resource with one of these marks was created for one of them. */
  readonly marks: readonly string[]
}

/** Each resource before those that it needs. Does not reject if the run is aborted: the outcomes report it. */
export async function destroyTrust(
  resources: readonly TrustResource[],
  inputs: RemovalInputs,
  context: Context,
): Promise<Removal[]> {
  const removals: Removal[] = []
  for (const resource of resources.toReversed()) {
    const removed = removals.filter(({ result }) => result === 'removed' || result === 'remove').map(({ name }) => name)
    const removal = context.signal.aborted
      ? ({ result: 'not-started' } as const)
      : await removeResource(resource, inputs, removed, context)
    const { vendor, kind, name } = resource
    removals.push({ vendor, kind, name, ...removal })
  }
  return removals
}

type RemovalOutcome = Omit<Removal, 'vendor' | 'kind' | 'name'>

async function removeResource(
  resource: TrustResource,
  inputs: RemovalInputs,
  removed: readonly string[],
  context: Context,
): Promise<RemovalOutcome> {
  let hasBegun = false
  try {
    const recorded = await isRecorded(resource, inputs)
    const found = await resource.planRemoval({ marks: inputs.marks, removed })
    if (found.state !== 'removable' || recorded === 'no') return await leaveResource(resource, found, recorded, inputs)
    if (inputs.confirm === undefined) return { result: 'remove' }
    if ((await inputs.confirm(`remove ${resource.kind} ${resource.name}`, resource.name)) === 'declined')
      return { result: 'declined' }
    // What others added while a person decided is theirs.
    const current = await resource.planRemoval({ marks: inputs.marks, removed })
    if (current.state !== 'removable') return await leaveResource(resource, current, recorded, inputs)
    hasBegun = true
    await recordRecovery(resource.recoveryEntry(), inputs.record, context.log)
    const note = await removeOnce(resource, current, { marks: inputs.marks, removed })
    if (resource.entry !== undefined) await inputs.record.remove(resource.entry)
    return { result: 'removed', ...(note !== undefined && { note }) }
  } catch (error) {
    if (context.signal.aborted) return { result: hasBegun ? 'unfinished' : 'not-started' }
    return { result: 'failed', fault: asFault(error) }
  }
}

/** The response to an earlier attempt was lost, or another run removed it, if it is absent after the vendor did not find it. */
async function removeOnce(
  resource: TrustResource,
  { remove }: Extract<RemovalPlan, { readonly state: 'removable' }>,
  scope: RemovalScope,
): Promise<string | undefined> {
  try {
    return await remove()
  } catch (fault) {
    if (!(fault instanceof PullpassError) || fault.code !== 'TRUST_NOT_FOUND') throw fault
    if ((await resource.planRemoval(scope)).state !== 'absent') throw fault
    return undefined
  }
}

/** `not applicable`: it carries the mark at the vendor. */
async function isRecorded(
  { entry }: TrustResource,
  { record }: RemovalInputs,
): Promise<'yes' | 'no' | 'not applicable'> {
  if (entry === undefined) return 'not applicable'
  return (await record.read(entry)).length > 0 ? 'yes' : 'no'
}

async function leaveResource(
  { entry }: TrustResource,
  found: RemovalPlan,
  recorded: 'yes' | 'no' | 'not applicable',
  { confirm, record }: RemovalInputs,
): Promise<RemovalOutcome> {
  if (found.state === 'absent') {
    if (entry !== undefined && recorded === 'yes' && confirm !== undefined) await record.remove(entry)
    return { result: 'absent' }
  }
  if (found.state === 'removable' || recorded === 'no')
    return {
      result: 'kept',
      note: 'it is not in the record of grants that pullpass created: delete it yourself if nothing else needs it',
    }
  return { result: 'kept', note: found.note }
}
