/**
 * Takes back what pullpass made for these clusters, and only that: a grant that the record knows, an account, a provider and
 * a pool whose description carries the clusters' mark. What others hold stays, and what they still use with it.
 */
import { asFault } from '../outside/as-fault.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import { followOperation, readOperation } from '../providers/gcp-iam/follow-operation.ts'
import { askGoogle, type GoogleConnection, readAtGoogle } from './ask-google.ts'
import { readFoundAccount, readFoundPool, readFoundProvider } from './found-state.ts'
import { listProviders } from './list-providers.ts'
import { countMembers, holds, withoutGrant } from './policy.ts'
import { readPolicy } from './read-policy.ts'
import { accountPath, identityPath } from './resource-path.ts'
import type { TrustRecord } from './trust-record.ts'
import { carriesMark } from './trusted-cluster.ts'
import {
  grantName,
  type WantedAccount,
  type WantedGrant,
  type WantedPool,
  type WantedProvider,
  type WantedTrust,
} from './wanted-trust.ts'
import { writePolicy } from './write-policy.ts'

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

/** Grants first, the pool last: each before what it rests on. */
export async function destroyTrust(
  wanted: WantedTrust,
  ways: DestroyWays,
  google: GoogleConnection,
): Promise<Removal[]> {
  await google.token() // who has none is told so once
  const { pools, providers, accounts, grants } = wanted
  const removals: Removal[] = []
  const take = async (name: string, remove: () => Promise<Omit<Removal, 'name'>>) => {
    google.outside.signal.throwIfAborted()
    const failed = (error: unknown) => ({ result: 'failed' as const, fault: asFault(error) })
    removals.push({ name, ...(await remove().catch(failed)) })
  }
  for (const grant of grants.toReversed()) {
    await take(grantName(grant), () => removeGrant(grant, wanted, ways, google))
  }
  for (const account of accounts.toReversed()) await take(account.email, () => removeAccount(account, ways, google))
  for (const provider of providers) await take(provider.name, () => removeProvider(provider, ways, google))
  for (const pool of pools) await take(pool.name, () => removePool(pool, ways, google))
  return removals
}

type Result = Promise<Omit<Removal, 'name'>>

const notOurs = { result: 'kept', note: 'pullpass did not make it for this cluster' } as const
const agreeTo = async (ways: DestroyWays, name: string) => (await ways.agree(`remove ${name}`)) === 'make'

async function removeGrant(
  grant: WantedGrant,
  wanted: WantedTrust,
  ways: DestroyWays,
  google: GoogleConnection,
): Result {
  const policy = await readPolicy(google, grant.on)
  const held = policy !== undefined && holds(policy, grant) === 'plainly'
  const recorded = await ways.record.has(grant)
  if (!held) {
    if (recorded) await ways.record.remove(grant)
    return { result: 'absent' }
  }
  if (!recorded) return { result: 'kept', note: 'it is not in the record of what pullpass granted' }
  const others = await neighboursOf(wanted, google)
  if (others.length > 0) return { result: 'kept', note: `other clusters need it: ${others.join(', ')}` }
  if (!(await agreeTo(ways, `grant ${grantName(grant)}`))) return { result: 'declined' }
  await writePolicy(google, grant, (read) => (holds(read, grant) === 'plainly' ? withoutGrant(read, grant) : read))
  await ways.record.remove(grant)
  return { result: 'removed' }
}

/** A principal names its pool and not its provider: the pool's other clusters are the same one. */
async function neighboursOf({ pools, providers }: WantedTrust, google: GoogleConnection): Promise<string[]> {
  const going = providers.map(({ name }) => name)
  const found = await Promise.all(
    pools.map(async ({ name }) => {
      const pool = await readAtGoogle(google, identityPath(name), readFoundPool)
      return pool?.state === 'ACTIVE' ? await listProviders(google, name) : []
    }),
  )
  return found
    .flat()
    .filter(({ name, description }) => !going.includes(name) && /(^|\s)pullpass:/.test(description))
    .map(({ name }) => name)
}

async function removeAccount({ email }: WantedAccount, ways: DestroyWays, google: GoogleConnection): Result {
  const found = await readAtGoogle(google, accountPath(email), readFoundAccount)
  if (found === undefined) return { result: 'absent' }
  if (!ways.marks.some((mark) => carriesMark(found.description, mark))) return notOurs
  const policy = await readPolicy(google, { kind: 'serviceAccount', email })
  const members = policy === undefined ? 0 : countMembers(policy)
  if (members > 0) return { result: 'kept', note: `${members} others may still act as it` }
  if (!(await agreeTo(ways, `service account ${email}`))) return { result: 'declined' }
  await askGoogle(google, { method: 'DELETE', path: accountPath(email), read: () => undefined })
  return {
    result: 'removed',
    note: 'for 30 days Google can bring it back: gcloud iam service-accounts undelete UNIQUE_ID',
  }
}

async function removeProvider({ name }: WantedProvider, ways: DestroyWays, google: GoogleConnection): Result {
  const found = await readAtGoogle(google, identityPath(name), readFoundProvider)
  if (found === undefined || found.state === 'DELETED') return { result: 'absent' }
  if (!ways.marks.some((mark) => carriesMark(found.description, mark))) return notOurs
  if (!(await agreeTo(ways, `provider ${name}`))) return { result: 'declined' }
  return await removeSoftly(google, name)
}

async function removePool({ name }: WantedPool, ways: DestroyWays, google: GoogleConnection): Result {
  const found = await readAtGoogle(google, identityPath(name), readFoundPool)
  if (found === undefined || found.state === 'DELETED') return { result: 'absent' }
  if (!ways.marks.some((mark) => carriesMark(found.description, mark))) return notOurs
  const left = await listProviders(google, name)
  if (left.length > 0) {
    return { result: 'kept', note: `it holds other providers: ${left.map((one) => one.name).join(', ')}` }
  }
  if (!(await agreeTo(ways, `pool ${name}`))) return { result: 'declined' }
  return await removeSoftly(google, name)
}

async function removeSoftly(google: GoogleConnection, name: string): Result {
  const operation = await askGoogle(google, { method: 'DELETE', path: identityPath(name), read: readOperation })
  await followOperation(google, operation)
  return { result: 'removed', note: 'Google keeps it, and its id, for 30 days: pullpass trust apply brings it back' }
}
