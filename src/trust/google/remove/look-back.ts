/** Whether what pullpass may have made at Google can be taken back: whose it is, and who else needs it. */
import { followOperation, readOperation } from '../../../providers/gcp-iam/follow-operation.ts'
import type { Leaving, Removable } from '../../trust-vendor.ts'
import { askGoogle, type GoogleConnection, readAtGoogle } from '../ask-google.ts'
import type { AccountHistory } from '../look/account-history.ts'
import { readFoundAccount, readFoundPool, readFoundProvider } from '../look/found-state.ts'
import { listProviders } from '../look/list-providers.ts'
import { countMembers, withoutGrant } from '../policy/policy.ts'
import { readPolicy } from '../policy/read-policy.ts'
import { accountPath, identityPath } from '../resource-path.ts'
import { grantName, targetName, type WantedGrant } from '../want/wanted-at-google.ts'
import type { WhoseIsIt } from './judge-owner.ts'

interface Asked {
  readonly whose: WhoseIsIt
  readonly google: GoogleConnection
}

interface AskedOfAccount extends Asked {
  readonly history: Pick<AccountHistory, 'saw'>
  readonly grants: readonly WantedGrant[]
}

export async function lookBackAtAccount(
  email: string,
  { marks, gone }: Leaving,
  { whose, google, history, grants }: AskedOfAccount,
): Promise<Removable> {
  const found = await readAtGoogle(google, accountPath(email), readFoundAccount)
  if (found === undefined) return { state: 'absent' }
  history.saw(email, found.uniqueId)
  const note = await whose(found.description, marks)
  if (note !== undefined) return { state: 'kept', note }
  const policy = await readPolicy(google, { kind: 'serviceAccount', email })
  const going = grants.filter((grant) => targetName(grant.on) === email && gone.includes(grantName(grant)))
  const members = policy === undefined ? 0 : countMembers(going.reduce(withoutGrant, policy))
  if (members > 0)
    return { state: 'kept', note: `${members === 1 ? 'one other' : `${members} others`} may still act as it` }
  return {
    state: 'removable',
    async remove() {
      await askGoogle(google, { method: 'DELETE', path: accountPath(email), read: () => undefined })
      return `Google keeps it for 30 days, under its unique id ${found.uniqueId}: pullpass trust apply brings it back`
    },
  }
}

export async function lookBackAtProvider(
  name: string,
  { marks }: Leaving,
  { whose, google }: Asked,
): Promise<Removable> {
  const found = await readAtGoogle(google, identityPath(name), readFoundProvider)
  if (found === undefined || found.state === 'DELETED') return { state: 'absent' }
  const note = await whose(found.description, marks)
  return note === undefined ? { state: 'removable', remove: () => removeSoftly(google, name) } : { state: 'kept', note }
}

export async function lookBackAtPool(
  name: string,
  { marks, gone }: Leaving,
  { whose, google }: Asked,
): Promise<Removable> {
  const found = await readAtGoogle(google, identityPath(name), readFoundPool)
  if (found === undefined || found.state === 'DELETED') return { state: 'absent' }
  const note = await whose(found.description, marks)
  if (note !== undefined) return { state: 'kept', note }
  const left = (await listProviders(google, name)).map((one) => one.name).filter((one) => !gone.includes(one))
  if (left.length > 0) return { state: 'kept', note: `it holds other providers: ${left.join(', ')}` }
  return { state: 'removable', remove: () => removeSoftly(google, name) }
}

async function removeSoftly(google: GoogleConnection, name: string): Promise<string> {
  const operation = await askGoogle(google, { method: 'DELETE', path: identityPath(name), read: readOperation })
  await followOperation(google, operation)
  return 'Google keeps it, and its id, for 30 days: pullpass trust apply brings it back'
}
