/**
 * Changes one grant in a policy: read, changed, written with its etag; and read again where somebody else was faster.
 * https://cloud.google.com/iam/docs/policies#etag
 */
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { tryAgain } from '../../../outside/try-again.ts'
import { askGoogle, type GoogleConnection } from '../ask-google.ts'
import { targetPath } from '../resource-path.ts'
import { grantName, targetName, type WantedGrant } from '../want/wanted-at-google.ts'
import { countMembers, mostMembers, type Policy } from './policy.ts'
import { policyFull } from './policy-full.ts'
import { readPolicy, readPolicyBody } from './read-policy.ts'

const attempts = 8

/** `edit` gives the policy as it is to be, or itself where nothing is to do. @throws TRUST_CONFLICT, TRUST_POLICY_FULL, TRUST_ABSENT */
export async function writePolicy(
  google: GoogleConnection,
  grant: WantedGrant,
  edit: (policy: Policy) => Policy,
): Promise<void> {
  const change = async () => {
    const read = await readPolicy(google, grant.on)
    if (read === undefined) throw absent(grant)
    const policy = edit(read)
    if (policy === read) return
    const members = countMembers(policy)
    if (members > mostMembers && members > countMembers(read)) throw policyFull(grant, countMembers(read))
    await set(google, grant, policy)
  }
  await tryAgain(change, { attempts, mayPass: isConflict }, google.outside)
}

/** @throws TRUST_CONFLICT where others were faster, as it reads after the last attempt */
async function set(google: GoogleConnection, grant: WantedGrant, policy: Policy): Promise<void> {
  const api = grant.on.kind === 'repository' ? ({ api: 'artifactregistry' } as const) : {}
  const path = `${targetPath(grant.on)}:setIamPolicy`
  try {
    await askGoogle(google, { method: 'POST', path, json: { policy }, read: readPolicyBody, ...api })
  } catch (fault) {
    throw fault instanceof PullpassError && isConflict(fault) ? outrun(grant) : fault
  }
}

const isConflict = ({ code }: PullpassError): boolean => code === 'TRUST_CONFLICT'

const absent = ({ on }: WantedGrant) =>
  new PullpassError({
    code: 'TRUST_ABSENT',
    hop: 'trust',
    seen: `${targetName(on)} is not there, and so has no policy`,
    expected: 'it to exist',
    hint: 'run it again: somebody may have deleted it a moment ago',
  })

const outrun = (grant: WantedGrant) =>
  new PullpassError({
    code: 'TRUST_CONFLICT',
    hop: 'trust',
    seen: `the policy of ${targetName(grant.on)} was changed by others ${attempts} times while pullpass worked on it`,
    expected: `a moment of rest, to change ${grantName(grant)}`,
    hint: 'see who else writes it (the audit log names them), then run it again',
    retryable: true,
  })
