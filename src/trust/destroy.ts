/**
 * Takes back what pullpass made for these clusters, and only that: what the record knows, and what carries the clusters'
 * mark. What others hold stays, and what they still use with it.
 */
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Removable, TrustRecord, TrustResource } from '../vendors/trust-contract.ts'
import { remember } from './apply.ts'

export interface Removal {
  readonly name: string
  /** `remove`: it would be, in a dry run; `unfinished`: the run's end met it; `not done`: the run ended before. */
  readonly result: 'removed' | 'remove' | 'absent' | 'kept' | 'declined' | 'failed' | 'unfinished' | 'not done'
  /** Why it was kept, or how it comes back. */
  readonly note?: string
  readonly fault?: PullpassError
}

export interface DestroyWays {
  /** Absent in a dry run: nothing is removed, and nothing written. `name`: of the resource. */
  readonly agree: ((change: string, name: string) => Promise<'make' | 'leave'>) | undefined
  readonly record: TrustRecord
  /** Of the clusters: what carries one of them was made for one of them. */
  readonly marks: readonly string[]
}

/** Each before what it rests on. What the run's end leaves is among them: it rejects for nobody's sake. */
export async function destroyTrust(
  resources: readonly TrustResource[],
  ways: DestroyWays,
  context: Context,
): Promise<Removal[]> {
  const removals: Removal[] = []
  for (const resource of resources.toReversed()) {
    const gone = removals.filter(({ result }) => result === 'removed' || result === 'remove').map(({ name }) => name)
    const removal = context.signal.aborted
      ? ({ result: 'not done' } as const)
      : await takeBack(resource, ways, gone, context)
    removals.push({ name: resource.name, ...removal })
  }
  return removals
}

type Told = Omit<Removal, 'name'>

async function takeBack(
  resource: TrustResource,
  ways: DestroyWays,
  gone: readonly string[],
  context: Context,
): Promise<Told> {
  let begun: 'begun' | undefined
  try {
    const recorded = await isRecorded(resource, ways)
    const found = await resource.lookBack({ marks: ways.marks, gone })
    if (found.state !== 'removable' || recorded === 'no') return await leave(resource, found, recorded, ways)
    if (ways.agree === undefined) return { result: 'remove' }
    if ((await ways.agree(`remove ${resource.kind} ${resource.name}`, resource.name)) === 'leave')
      return { result: 'declined' }
    begun = 'begun'
    await remember(resource.memo(), ways.record, context.log)
    const note = await found.remove()
    if (resource.entry !== undefined) await ways.record.strike(resource.entry)
    return { result: 'removed', ...(note !== undefined && { note }) }
  } catch (error) {
    if (context.signal.aborted) return { result: begun === undefined ? 'not done' : 'unfinished' }
    return { result: 'failed', fault: asFault(error) }
  }
}

/** `not asked`: it has a place of its own to say who made it. */
async function isRecorded({ entry }: TrustResource, { record }: DestroyWays): Promise<'yes' | 'no' | 'not asked'> {
  if (entry === undefined) return 'not asked'
  return (await record.read(entry)).length > 0 ? 'yes' : 'no'
}

async function leave(
  { entry }: TrustResource,
  found: Removable,
  recorded: 'yes' | 'no' | 'not asked',
  { agree, record }: DestroyWays,
): Promise<Told> {
  if (found.state === 'absent') {
    if (entry !== undefined && recorded === 'yes' && agree !== undefined) await record.strike(entry)
    return { result: 'absent' }
  }
  if (found.state === 'removable' || recorded === 'no')
    return { result: 'kept', note: 'it is not in the record of what pullpass granted' }
  return { result: 'kept', note: found.note }
}
