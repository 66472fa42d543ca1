/** Whether a grant can be removed: it is there, and no other cluster needs it, by the pool or by the service account. */
import type { Removable } from '../../trust-vendor.ts'
import { type GoogleConnection, readAtGoogle } from '../ask-google.ts'
import { readFoundPool } from '../look/found-state.ts'
import { listProviders } from '../look/list-providers.ts'
import { countActing, holds, withoutGrant } from '../policy/policy.ts'
import { readPolicy } from '../policy/read-policy.ts'
import { writePolicy } from '../policy/write-policy.ts'
import { identityPath } from '../resource-path.ts'
import type { WantedAtGoogle, WantedGrant } from '../want/wanted-at-google.ts'

export async function lookBackAtGrant(
  grant: WantedGrant,
  wanted: WantedAtGoogle,
  google: GoogleConnection,
): Promise<Removable> {
  const policy = await readPolicy(google, grant.on)
  if (policy === undefined || holds(policy, grant) !== 'plainly') return { state: 'absent' }
  const users = await otherUsersOf(grant, wanted, google)
  if (users > 0)
    return { state: 'kept', note: `${users === 1 ? 'one other' : `${users} others`} may act as its member` }
  const others = await neighboursOf(wanted, google)
  if (others.length > 0) return { state: 'kept', note: `other clusters need it: ${others.join(', ')}` }
  return {
    state: 'removable',
    async remove() {
      await writePolicy(google, grant, (read) => (holds(read, grant) === 'plainly' ? withoutGrant(read, grant) : read))
      return undefined
    },
  }
}

/** Of a service account that holds the grant: who may act as it beside what goes, such as another cluster's principal. */
async function otherUsersOf(
  { member }: WantedGrant,
  { grants }: WantedAtGoogle,
  google: GoogleConnection,
): Promise<number> {
  const email = /^serviceAccount:(.+)$/.exec(member)?.[1]
  if (email === undefined) return 0
  const policy = await readPolicy(google, { kind: 'serviceAccount', email })
  const going = grants.filter(({ on }) => on.kind === 'serviceAccount' && on.email === email)
  return policy === undefined ? 0 : countActing(going.reduce(withoutGrant, policy))
}

/** A principal names its pool and not its provider: the pool's other clusters are the same one. */
async function neighboursOf({ pools, providers }: WantedAtGoogle, google: GoogleConnection): Promise<string[]> {
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
