/**
 * Takes back what pullpass made for these clusters, and only that: what the record knows, and what carries the clusters'
 * mark. What others hold stays, and what they still use with it.
 */
import { asFault } from '../outside/as-fault.ts'
import type { Log, Outside } from '../outside/outside.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import { remember } from './remember.ts'
import type { TrustRecord } from './trust-record.ts'
import type { TrustResource } from './trust-vendor.ts'

export interface Removal {
  readonly name: string
  readonly result: 'removed' | 'absent' | 'kept' | 'declined' | 'failed'
  /** Why it was kept, or how it comes back. */
  readonly note?: string
  readonly fault?: PullpassError
}

export interface DestroyWays {
  readonly agree: (change: string) => Promise<'make' | 'leave'>
  readonly record: TrustRecord
  /** Of the clusters: what carries one of them was made for one of them. */
  readonly marks: readonly string[]
}

/** Each before what it rests on. */
export async function destroyTrust(
  resources: readonly TrustResource[],
  ways: DestroyWays,
  outside: Outside,
): Promise<Removal[]> {
  const removals: Removal[] = []
  const failed = (error: unknown) => ({ result: 'failed' as const, fault: asFault(error) })
  for (const resource of resources.toReversed()) {
    outside.signal.throwIfAborted()
    removals.push({ name: resource.name, ...(await takeBack(resource, ways, outside.log).catch(failed)) })
  }
  return removals
}

async function takeBack(
  resource: TrustResource,
  { agree, record, marks }: DestroyWays,
  log: Log,
): Promise<Omit<Removal, 'name'>> {
  const { kind, name, entry } = resource
  const found = await resource.lookBack(marks)
  const recorded = entry !== undefined && (await record.read(entry)).length > 0
  if (found.state === 'absent') {
    if (recorded) await record.strike(entry)
    return { result: 'absent' }
  }
  if (entry !== undefined && !recorded)
    return { result: 'kept', note: 'it is not in the record of what pullpass granted' }
  if (found.state === 'kept') return { result: 'kept', note: found.note }
  if ((await agree(`remove ${kind} ${name}`)) === 'leave') return { result: 'declined' }
  await remember(resource.memo(), record, log)
  const note = await found.remove()
  if (entry !== undefined) await record.strike(entry)
  return { result: 'removed', ...(note !== undefined && { note }) }
}
