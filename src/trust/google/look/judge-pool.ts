/** A pool, wanted against found: pure. */

import { shellQuote } from '../../../outside/shell-quote.ts'
import { trustRefused } from '../../trust-refused.ts'
import type { WantedPool } from '../want/wanted-at-google.ts'
import type { FoundPool } from './found-state.ts'
import type { GoogleFinding } from './google-finding.ts'

export function judgePool({ name, description }: WantedPool, found: FoundPool | undefined): GoogleFinding {
  const after = { kind: 'pool', name, description } as const
  if (found === undefined) {
    return { after, presence: 'absent', verdict: 'create', changes: [{ kind: 'create', resource: after }], notes: [] }
  }
  const { description: said, displayName } = found
  const present = { after: { ...after, description: said, displayName }, presence: 'present', notes: [] } as const
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
    notes: ['it was deleted less than 30 days ago, and comes back with the providers and grants that it had'],
  }
}
