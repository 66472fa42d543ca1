/**
 * Unique ids of service accounts. A deleted account is restored by its unique id, which Google no longer reports: it is in the
 * record of pullpass trust, and in policies that still name the deleted account.
 * https://cloud.google.com/iam/docs/service-accounts-delete-undelete
 */
import { asFault, PullpassError } from '../../../errors/pullpass-error.ts'
import { asObject, asText, jsonOrNone } from '../../../text/json-fields.ts'
import { type RecordEntry, recordKey, type TrustRecord } from '../../trust/contract.ts'
import { type DesiredState, grantEntry, grantName, grantNeeds } from './desired-state.ts'
import { deletedIds, readPolicy } from './policy.ts'
import type { GcpConnection } from './requests.ts'

/** A deleted account of this name: its unique id, or why it cannot be restored. */
export type FormerAccount = { readonly uniqueId: string } | { readonly uniqueId: undefined; readonly why: string }

export interface AccountHistory {
  /** Notes that the account exists, with this unique id. */
  readonly saw: (email: string, uniqueId: string) => void
  /** Notes that Google can no longer restore it. */
  readonly lost: (uniqueId: string) => void
  /** The deleted account of this name; undefined if none is known. */
  readonly former: (email: string) => Promise<FormerAccount | undefined>
  /** The record of an account that exists. */
  readonly entry: (email: string) => RecordEntry | undefined
}

export function openHistory(desired: DesiredState, record: TrustRecord, google: GcpConnection): AccountHistory {
  const ids = new Map<string, string>()
  const gone = new Set<string>()
  return {
    saw(email, uniqueId) {
      if (uniqueId !== '') ids.set(email, uniqueId)
    },
    lost: (uniqueId) => void gone.add(uniqueId),
    entry(email) {
      const uniqueId = ids.get(email)
      return uniqueId === undefined ? undefined : entryOf(email, desired, uniqueId)
    },
    async former(email) {
      const recorded = await readRecorded(email, desired, record)
      if (recorded instanceof PullpassError)
        return { uniqueId: undefined, why: `it is unknown whether one was deleted: ${recorded.seen}` }
      const known = recorded.ids.length > 0 ? recorded.ids : await readShown(email, desired, google)
      const [uniqueId, ...others] = known.filter((id) => !gone.has(id))
      if (uniqueId !== undefined && others.length === 0) return { uniqueId }
      if (uniqueId !== undefined)
        return { uniqueId: undefined, why: `several of this name were deleted: ${[uniqueId, ...others].join(', ')}` }
      if (known.length > 0)
        return { uniqueId: undefined, why: `Google can no longer restore the deleted one (${known.join(', ')})` }
      return recorded.granted
        ? { uniqueId: undefined, why: 'the unique id of the deleted one is in no record' }
        : undefined
    },
  }
}

const involves = (email: string, { grants }: DesiredState) =>
  grants.filter((grant) => grantNeeds(grant).accounts.includes(email))

function entryOf(email: string, desired: DesiredState, uniqueId: string): RecordEntry {
  const namespaces = involves(email, desired).flatMap((grant) => desired.recordedIn.get(grantName(grant)) ?? [])
  return {
    key: recordKey('account', email),
    text: JSON.stringify({ email, uniqueId }),
    namespaces: [...new Set(namespaces)],
  }
}

interface Recorded {
  readonly ids: readonly string[]
  /** A grant to it or on it is recorded: it existed. */
  readonly granted: boolean
}

/** An unreadable record does not prevent the creation of an account. */
async function readRecorded(
  email: string,
  desired: DesiredState,
  record: TrustRecord,
): Promise<Recorded | PullpassError> {
  try {
    const texts = await record.read(entryOf(email, desired, ''))
    const granted = await Promise.all(involves(email, desired).map((grant) => record.read(grantEntry(grant, desired))))
    return { ids: distinct(texts.map(idIn)), granted: granted.flat().length > 0 }
  } catch (fault) {
    if (fault instanceof PullpassError) return fault
    throw fault
  }
}

/** The content is not trusted: any client that can write the ConfigMap can write it. */
function idIn(text: string): string | undefined {
  const id = asText(asObject(jsonOrNone(text))?.['uniqueId'])
  return id !== undefined && /^\d{1,30}$/.test(id) ? id : undefined
}

/** Unique ids in the policies in which the account is to be a member. */
async function readShown(email: string, { grants }: DesiredState, google: GcpConnection): Promise<string[]> {
  const targets = grants.filter(({ member }) => member === `serviceAccount:${email}`).map(({ on }) => on)
  const found = await Promise.all(
    targets.map(async (on) => {
      // The finding of the grant reports a policy that cannot be read.
      const policy = await readPolicy(google, on).catch(asFault)
      return policy === undefined || policy instanceof PullpassError ? [] : deletedIds(policy, email)
    }),
  )
  return distinct(found.flat())
}

const distinct = (ids: readonly (string | undefined)[]) => [...new Set(ids.filter((id) => id !== undefined))]
