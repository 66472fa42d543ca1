/** A pool, wanted against found, with the providers that are in it: pure. */

import { shellQuote } from '../../../outside/shell-quote.ts'
import type { Accepted } from '../../finding.ts'
import { trustRefused } from '../../trust-refused.ts'
import type { WantedPool } from '../want/wanted-at-google.ts'
import type { FoundPool } from './found-state.ts'
import type { GoogleFinding } from './google-finding.ts'
import { describeSharing, poolShared } from './judge-sharing.ts'
import type { ListedProvider } from './list-providers.ts'

export interface PoolContent {
  readonly listed: readonly ListedProvider[]
  readonly sharing: Accepted['sharing']
}

export function judgePool(wanted: WantedPool, found: FoundPool | undefined, content: PoolContent): GoogleFinding {
  const { name, description } = wanted
  const after = { kind: 'pool', name, description } as const
  const sharing = describeSharing(wanted, content.listed)
  const notes = sharing.map((one) => `shared by clusters: ${one}`)
  const shared = sharing.length === 0 ? {} : { sharedWith: sharing }
  const isRefused = sharing.length > 0 && content.sharing === 'refused'
  if (found === undefined) {
    const absent = { after, presence: 'absent', notes, ...shared } as const
    if (isRefused) return { ...absent, verdict: 'refused', changes: [], notes: [], fault: poolShared(wanted, sharing) }
    return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
  }
  const { description: said, displayName } = found
  const present = {
    after: { ...after, description: said, displayName },
    presence: 'present',
    notes,
    ...shared,
  } as const
  if (isRefused) return { ...present, verdict: 'refused', changes: [], notes: [], fault: poolShared(wanted, sharing) }
  if (found.disabled) {
    const command = `gcloud iam workload-identity-pools update ${shellQuote(name)} --no-disabled`
    const fault = trustRefused(`pool ${name} is disabled: whoever did that locked all its providers out`, {
      expected: 'an enabled pool, or another',
      hint: `ask him, then: ${command}`,
    })
    return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
  }
  if (found.state === 'ACTIVE') return { ...present, verdict: 'ok', changes: [] }
  return {
    ...present,
    verdict: 'undelete',
    changes: [{ kind: 'undelete', resource: 'pool', name }],
    notes: [...notes, 'it was deleted less than 30 days ago, and comes back with the providers and grants that it had'],
  }
}
