/** Whether a grant can be taken back: it is there, and no other cluster of its pool needs it. */
import type { Removable } from '../../trust-vendor.ts'
import { type GoogleConnection, readAtGoogle } from '../ask-google.ts'
import { readFoundPool } from '../look/found-state.ts'
import { listProviders } from '../look/list-providers.ts'
import { holds, withoutGrant } from '../policy/policy.ts'
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
