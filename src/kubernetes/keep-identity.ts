/** Who asks, read anew by time: at most once a minute, and at once when the server refused what was read last. */

import type { Redacted } from '../outside/redacted.ts'
import type { ClusterAccess, ClusterIdentity } from './cluster-access.ts'

const rereadMs = 60_000

type Headers = NonNullable<ClusterIdentity['headers']>

/** `read` gives the Authorization header's value. Requests that ask at the same time wait for one reading. */
export function keepIdentity(
  read: (because: 'asked' | 'refused') => Promise<Redacted | undefined>,
  now: () => Date,
  headers?: Headers,
): ClusterAccess['identify'] {
  let known: { identity: ClusterIdentity; readAtMs: number } | undefined
  let reading: Promise<ClusterIdentity> | undefined
  const readAnew = async (because: 'asked' | 'refused'): Promise<ClusterIdentity> => {
    const authorization = await read(because)
    const same = known?.identity.authorization?.reveal() === authorization?.reveal()
    const identity =
      known && same ? known.identity : { ...(authorization && { authorization }), ...(headers && { headers }) }
    known = { identity, readAtMs: now().getTime() }
    return identity
  }
  return async (because) => {
    if (because === 'asked' && known && now().getTime() - known.readAtMs < rereadMs) return known.identity
    reading ??= readAnew(because).finally(() => {
      reading = undefined
    })
    return await reading
  }
}
