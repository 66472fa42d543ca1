/** A grant, wanted against the policy that is there: pure. */
import type { Replaceable } from '../../finding.ts'
import { trustRefused } from '../../trust-refused.ts'
import { countMembers, heldByDeleted, holds, mostMembers, type Policy } from '../policy/policy.ts'
import { policyFull } from '../policy/policy-full.ts'
import { grantName, targetName, type WantedGrant } from '../want/wanted-at-google.ts'
import type { GoogleFinding } from './google-finding.ts'

/** `policy` undefined: what it is on is not there yet. */
export function judgeGrant(
  grant: WantedGrant,
  policy: Policy | undefined,
  replace: readonly Replaceable[],
): GoogleFinding {
  const after = { kind: 'grant', grant } as const
  const held = policy === undefined ? 'not at all' : holds(policy, grant)
  if (held === 'plainly') return { after, presence: 'present', verdict: 'ok', changes: [], notes: [] }
  if (held === 'under a condition' && !replace.includes('condition')) {
    const fault = trustRefused(`${grantName(grant)} is there under a condition`, {
      expected: 'the grant without one',
      hint: `see the policy of ${targetName(grant.on)}; pullpass adds one without a condition beside it when it is told to: --replace condition`,
    })
    const override = { replace: ['condition'] } as const
    return { after, presence: 'present', verdict: 'refused', changes: [], notes: [], fault, override }
  }
  const absent = { after, presence: 'absent', notes: [] } as const
  if (policy !== undefined && countMembers(policy) >= mostMembers) {
    return { ...absent, verdict: 'refused', changes: [], fault: policyFull(grant, countMembers(policy)) }
  }
  const deleted = policy !== undefined && heldByDeleted(policy, grant)
  const notes = deleted ? ['a deleted account of this name holds it, and has it again when it is undeleted'] : []
  return { ...absent, verdict: 'grant', changes: [{ kind: 'grant', grant }], notes }
}
