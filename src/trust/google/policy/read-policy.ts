/** The policy of a service account or a repository, with its conditions. https://cloud.google.com/iam/docs/policies */
import { asObject } from '../../../outside/json-fields.ts'
import { AnswerUnread, type Received } from '../../../outside/send.ts'
import { askGoogle, type GoogleConnection, undefinedWhereAbsent } from '../ask-google.ts'
import { targetPath } from '../resource-path.ts'
import type { GrantTarget } from '../want/wanted-at-google.ts'
import type { Policy } from './policy.ts'

/** Undefined where what it is of is not there. */
export async function readPolicy(google: GoogleConnection, on: GrantTarget): Promise<Policy | undefined> {
  // An earlier version hides conditions, and who writes it back loses them.
  const path = `${targetPath(on)}:getIamPolicy?options.requestedPolicyVersion=3`
  const asked =
    on.kind === 'serviceAccount'
      ? ({ method: 'POST', path } as const)
      : ({ method: 'GET', path, api: 'artifactregistry' } as const)
  return await askGoogle(google, { ...asked, read: readPolicyBody }).catch(undefinedWhereAbsent)
}

export function readPolicyBody({ body }: Received): Policy {
  const policy = asObject(body)
  if (policy === undefined) throw new AnswerUnread('it is no policy')
  return policy
}
