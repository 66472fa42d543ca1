/** Makes a service account, or brings a deleted one back. https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts */

import { accountParts } from '../../../document/gcp-names.ts'
import { asFault } from '../../../outside/as-fault.ts'
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { trustRefused } from '../../trust-refused.ts'
import { askGoogle, type GoogleConnection, readAtGoogle } from '../ask-google.ts'
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
 * Google's answer can be lost, and one to the same request made again tells nothing: then the account itself is looked at.
 * @throws TRUST_ABSENT where Google keeps none under that id: the next look knows
 */
export async function undeleteAccount(
  google: GoogleConnection,
  change: Undelete,
  history: Pick<AccountHistory, 'saw' | 'lost'>,
): Promise<void> {
  const { email, uniqueId } = change
  const present = await readEmail(google, change)
  if (present !== undefined && present !== email) throw anothers(change, present, 'is there, and was left as it is')
  if (present === undefined) await bringBack(google, change, history)
  history.saw(email, uniqueId)
}

/** Nothing is there under its id. */
async function bringBack(
  google: GoogleConnection,
  change: Undelete,
  history: Pick<AccountHistory, 'lost'>,
): Promise<void> {
  const { email, uniqueId } = change
  const answered = await askGoogle(google, {
    method: 'POST',
    path: `${pathOf(change)}:undelete`,
    json: {},
    read: ({ body }) => asText(asObject(asObject(body)?.['restoredAccount'])?.['email']),
  }).catch(asFault)
  const restored = typeof answered === 'string' ? answered : await readEmail(google, change).catch(asFault)
  if (restored === email) return
  if (typeof restored === 'string') throw await deleteAgain(google, change, restored)
  if (restored !== undefined || !(answered instanceof PullpassError)) throw unseen(change, restored)
  if (answered.code === 'TRUST_ABSENT') history.lost(uniqueId)
  throw answered
}

async function deleteAgain(google: GoogleConnection, change: Undelete, restored: string): Promise<PullpassError> {
  const undone = await askGoogle(google, {
    method: 'DELETE',
    path: pathOf(change),
    read: () => 'was deleted again at once',
  }).catch((fault: unknown) => `is there now, and could not be deleted again: ${asFault(fault).seen}`)
  return anothers(change, restored, undone)
}

const pathOf = ({ email, uniqueId }: Undelete) => accountPath(uniqueId, email)

/** Of the account that is there under the id; undefined where none is, or where it has no address. */
const readEmail = async (google: GoogleConnection, change: Undelete): Promise<string | undefined> =>
  await readAtGoogle(
    google,
    pathOf(change),
    (body) => asText(asObject(body)?.['email']) ?? 'an account without address',
  )

const anothers = ({ email, uniqueId }: Undelete, other: string, became: string) =>
  trustRefused(`unique id ${uniqueId} is recorded for ${email}, and is that of ${other}`, {
    expected: `its own; the other one ${became}`,
    hint: 'see who may write the ConfigMap pullpass-trust, and take that entry out of it',
  })

/** `fault`: of the look; undefined: it shows nothing, which another look may. */
const unseen = ({ email, uniqueId }: Undelete, fault: PullpassError | undefined) =>
  new PullpassError({
    code: fault?.code ?? 'TRUST_ABSENT',
    hop: 'trust',
    seen: `whether unique id ${uniqueId} was undeleted was not seen: ${fault?.seen ?? 'Google says so, and shows none'}`,
    expected: `the account ${email} under it`,
    hint: 'run it again: it looks first whose account is there',
    retryable: fault?.retryable ?? false,
  })
