/** A policy that takes no further member. */
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { grantName, targetName, type WantedGrant } from '../want/wanted-at-google.ts'
import { mostMembers } from './policy.ts'

export const policyFull = (grant: WantedGrant, members: number): PullpassError =>
  new PullpassError({
    code: 'TRUST_POLICY_FULL',
    hop: 'trust',
    seen: `the policy of ${targetName(grant.on)} holds ${members} members, and has no room for ${grantName(grant)}`,
    expected: `fewer than ${mostMembers}, each appearance counted`,
    hint: 'grant to a group or to a principalSet in place of many members, or take back what nobody needs',
  })
