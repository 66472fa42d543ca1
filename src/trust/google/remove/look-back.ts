/** Whether what pullpass may have made at Google can be taken back: whose it is, and who else needs it. */
import { followOperation, readOperation } from '../../../providers/gcp-iam/follow-operation.ts'
import type { Removable } from '../../trust-vendor.ts'
import { carriesMark } from '../../trusted-cluster.ts'
import { askGoogle, type GoogleConnection, readAtGoogle } from '../ask-google.ts'
import type { AccountHistory } from '../look/account-history.ts'
import { readFoundAccount, readFoundPool, readFoundProvider } from '../look/found-state.ts'
import { listProviders } from '../look/list-providers.ts'
import { countMembers } from '../policy/policy.ts'
import { readPolicy } from '../policy/read-policy.ts'
import { accountPath, identityPath } from '../resource-path.ts'

const notOurs: Removable = { state: 'kept', note: 'pullpass did not make it for this cluster' }
const carriesOne = (marks: readonly string[], description: string) =>
  marks.some((mark) => carriesMark(description, mark))

export async function lookBackAtAccount(
  email: string,
  marks: readonly string[],
  history: Pick<AccountHistory, 'saw'>,
  google: GoogleConnection,
): Promise<Removable> {
  const found = await readAtGoogle(google, accountPath(email), readFoundAccount)
  if (found === undefined) return { state: 'absent' }
  history.saw(email, found.uniqueId)
  if (!carriesOne(marks, found.description)) return notOurs
  const policy = await readPolicy(google, { kind: 'serviceAccount', email })
  const members = policy === undefined ? 0 : countMembers(policy)
  if (members > 0) return { state: 'kept', note: `${members} others may still act as it` }
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
  marks: readonly string[],
  google: GoogleConnection,
): Promise<Removable> {
  const found = await readAtGoogle(google, identityPath(name), readFoundProvider)
  if (found === undefined || found.state === 'DELETED') return { state: 'absent' }
  if (!carriesOne(marks, found.description)) return notOurs
  return { state: 'removable', remove: () => removeSoftly(google, name) }
}

export async function lookBackAtPool(
  name: string,
  marks: readonly string[],
  google: GoogleConnection,
): Promise<Removable> {
  const found = await readAtGoogle(google, identityPath(name), readFoundPool)
  if (found === undefined || found.state === 'DELETED') return { state: 'absent' }
  if (!carriesOne(marks, found.description)) return notOurs
  const left = await listProviders(google, name)
  if (left.length > 0) {
    return { state: 'kept', note: `it holds other providers: ${left.map((one) => one.name).join(', ')}` }
  }
  return { state: 'removable', remove: () => removeSoftly(google, name) }
}

async function removeSoftly(google: GoogleConnection, name: string): Promise<string> {
  const operation = await askGoogle(google, { method: 'DELETE', path: identityPath(name), read: readOperation })
  await followOperation(google, operation)
  return 'Google keeps it, and its id, for 30 days: pullpass trust apply brings it back'
}
