/** Makes a service account, or brings a deleted one back. https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts */

import { asFault } from '../../../outside/as-fault.ts'
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { trustRefused } from '../../trust-refused.ts'
import { accountParts } from '../account-parts.ts'
import { askGoogle, type GoogleConnection } from '../ask-google.ts'
import type { AccountHistory } from '../look/account-history.ts'
import { readFoundAccount } from '../look/found-state.ts'
import type { CreatedResource, GoogleChange } from '../look/google-finding.ts'
import { accountPath } from '../resource-path.ts'

export async function createAccount(
  google: GoogleConnection,
  { email, description }: Extract<CreatedResource, { kind: 'account' }>,
  history: Pick<AccountHistory, 'saw'>,
): Promise<void> {
  const { id = '', project = '' } = accountParts(email) ?? {}
  const { uniqueId } = await askGoogle(google, {
    method: 'POST',
    path: `v1/projects/${encodeURIComponent(project)}/serviceAccounts`,
    json: { accountId: id, serviceAccount: { displayName: 'pullpass', description } },
    read: ({ body }) => readFoundAccount(body),
  })
  history.saw(email, uniqueId)
}

type Undelete = Extract<GoogleChange, { resource: 'account' }>

/**
 * The record may be anybody's who may write that ConfigMap: what came back is compared, and goes again where it is another.
 * @throws TRUST_ABSENT where Google keeps none under that id: the next look knows
 */
export async function undeleteAccount(
  google: GoogleConnection,
  { email, uniqueId }: Undelete,
  history: Pick<AccountHistory, 'saw' | 'lost'>,
): Promise<void> {
  const restored = await askGoogle(google, {
    method: 'POST',
    path: `${accountPath(uniqueId, email)}:undelete`,
    json: {},
    read: ({ body }) => asText(asObject(asObject(body)?.['restoredAccount'])?.['email']),
  }).catch((fault: unknown) => {
    if (fault instanceof PullpassError && fault.code === 'TRUST_ABSENT') history.lost(uniqueId)
    throw fault
  })
  if (restored === undefined || restored === email) return history.saw(email, uniqueId)
  const path = accountPath(uniqueId, email)
  const undone = await askGoogle(google, { method: 'DELETE', path, read: () => 'was deleted again at once' }).catch(
    (fault: unknown) => `is there now, and could not be deleted again: ${asFault(fault).seen}`,
  )
  throw trustRefused(`unique id ${uniqueId} is recorded for ${email}, and is that of ${restored}`, {
    expected: `its own; the other one ${undone}`,
    hint: 'see who may write the ConfigMap pullpass-trust, and take that entry out of it',
  })
}
