/** Whether a resource at Google can be removed: whether pullpass created it for these clusters, and whether others need it. */
import type { RemovalPlan, RemovalScope } from '../../trust/contract.ts'
import { marksIn } from '../../trust/marks.ts'
import { followOperation, readOperation } from '../iam.ts'
import type { AccountHistory } from './account-history.ts'
import { type DesiredGrant, type DesiredState, grantName, targetName } from './desired-state.ts'
import { readFoundAccount, readFoundPool, readFoundProvider } from './observed-state.ts'
import { countActing, countMembers, findGrant, readPolicy, withoutGrant, writePolicy } from './policy.ts'
import { accountPath, type GcpConnection, identityPath, readResource, sendTrustRequest } from './requests.ts'
import { listProviders } from './sharing.ts'

interface RemovalContext {
  readonly whyKept: OwnerCheck
  readonly google: GcpConnection
}

interface AccountRemovalContext extends RemovalContext {
  readonly history: Pick<AccountHistory, 'saw'>
  readonly grants: readonly DesiredGrant[]
}

export async function planAccountRemoval(
  email: string,
  { marks, removed }: RemovalScope,
  { whyKept, google, history, grants }: AccountRemovalContext,
): Promise<RemovalPlan> {
  const found = await readResource(google, accountPath(email), readFoundAccount)
  if (found === undefined) return { state: 'absent' }
  history.saw(email, found.uniqueId)
  const note = await whyKept(found.description, marks)
  if (note !== undefined) return { state: 'kept', note }
  const policy = await readPolicy(google, { kind: 'serviceAccount', email })
  const going = grants.filter((grant) => targetName(grant.on) === email && removed.includes(grantName(grant)))
  const members = policy === undefined ? 0 : countMembers(going.reduce(withoutGrant, policy))
  if (members > 0)
    return { state: 'kept', note: `${members === 1 ? 'one other' : `${members} others`} may still act as it` }
  return {
    state: 'removable',
    async remove() {
      await sendTrustRequest(google, { method: 'DELETE', path: accountPath(email), read: () => undefined })
      return `Google keeps it for 30 days, with its unique ID ${found.uniqueId}; pullpass trust apply restores it`
    },
  }
}

export async function planProviderRemoval(
  name: string,
  { marks }: RemovalScope,
  { whyKept, google }: RemovalContext,
): Promise<RemovalPlan> {
  const found = await readResource(google, identityPath(name), readFoundProvider)
  if (found === undefined || found.state === 'DELETED') return { state: 'absent' }
  const note = await whyKept(found.description, marks)
  return note === undefined ? { state: 'removable', remove: () => removeSoftly(google, name) } : { state: 'kept', note }
}

export async function planPoolRemoval(
  name: string,
  { marks, removed }: RemovalScope,
  { whyKept, google }: RemovalContext,
): Promise<RemovalPlan> {
  const found = await readResource(google, identityPath(name), readFoundPool)
  if (found === undefined || found.state === 'DELETED') return { state: 'absent' }
  const note = await whyKept(found.description, marks)
  if (note !== undefined) return { state: 'kept', note }
  const left = (await listProviders(google, name)).map((one) => one.name).filter((one) => !removed.includes(one))
  if (left.length > 0) return { state: 'kept', note: `it contains other providers: ${left.join(', ')}` }
  return { state: 'removable', remove: () => removeSoftly(google, name) }
}

async function removeSoftly(google: GcpConnection, name: string): Promise<string> {
  const operation = await sendTrustRequest(google, { method: 'DELETE', path: identityPath(name), read: readOperation })
  await followOperation(google, operation)
  return 'Google keeps it, and its ID, for 30 days; pullpass trust apply restores it'
}

/** Whether a grant can be removed: it exists, and no other cluster needs it, through the pool or the service account. */
export async function planGrantRemoval(
  grant: DesiredGrant,
  desired: DesiredState,
  google: GcpConnection,
): Promise<RemovalPlan> {
  const policy = await readPolicy(google, grant.on)
  if (policy === undefined || findGrant(policy, grant) !== 'unconditional') return { state: 'absent' }
  const users = await otherUsersOf(grant, desired, google)
  if (users > 0)
    return { state: 'kept', note: `${users === 1 ? 'one other' : `${users} others`} may act as its member` }
  const others = await neighboursOf(desired, google)
  if (others.length > 0) return { state: 'kept', note: `other clusters need it: ${others.join(', ')}` }
  return {
    state: 'removable',
    async remove() {
      await writePolicy(google, grant, (read) =>
        findGrant(read, grant) === 'unconditional' ? withoutGrant(read, grant) : read,
      )
      return undefined
    },
  }
}

/** If the grant is for a service account: how many others may impersonate it, such as the principal of another cluster. */
async function otherUsersOf(
  { member }: DesiredGrant,
  { grants }: DesiredState,
  google: GcpConnection,
): Promise<number> {
  const email = /^serviceAccount:(.+)$/.exec(member)?.[1]
  if (email === undefined) return 0
  const policy = await readPolicy(google, { kind: 'serviceAccount', email })
  const going = grants.filter(({ on }) => on.kind === 'serviceAccount' && on.email === email)
  return policy === undefined ? 0 : countActing(going.reduce(withoutGrant, policy))
}

/** A principal names its pool and not its provider: other clusters of the pool are the same principal. */
async function neighboursOf({ pools, providers }: DesiredState, google: GcpConnection): Promise<string[]> {
  const going = providers.map(({ name }) => name)
  const found = await Promise.all(
    pools.map(async ({ name }) => {
      const pool = await readResource(google, identityPath(name), readFoundPool)
      return pool?.state === 'ACTIVE' ? await listProviders(google, name) : []
    }),
  )
  return found
    .flat()
    .filter(({ name, description }) => !going.includes(name) && /(^|\s)pullpass:/.test(description))
    .map(({ name }) => name)
}

/** Whether pullpass created a resource for these clusters, by the marks in its description: undefined if it did, otherwise why not. */
export type OwnerCheck = (description: string, marks: readonly string[]) => Promise<string | undefined>

/**
 * Resources that were created before the issuer of a provider was replaced carry the mark of the earlier issuer. The description
 * of the provider contains the earlier marks too; they count if the provider itself belongs to these clusters.
 */
export function ownerCheck({ providers }: Pick<DesiredState, 'providers'>, google: GcpConnection): OwnerCheck {
  return async (description, marks) => {
    const carried = marksIn(description)
    const [first] = carried
    if (first === undefined) return 'pullpass did not create it'
    if (carried.some((mark) => marks.includes(mark))) return undefined
    const found = await Promise.all(
      providers.map(({ name }) => readResource(google, identityPath(name), readFoundProvider)),
    )
    const former = found
      .map((provider) => marksIn(provider?.description ?? ''))
      .filter((had) => had.some((mark) => marks.includes(mark)))
      .flat()
    return carried.some((mark) => former.includes(mark))
      ? undefined
      : `pullpass created it for another issuer: it carries ${first}`
  }
}
