/**
 * What is known of service accounts beside what Google shows of them now. A deleted one comes back by its unique id alone,
 * which Google does not report: it is in the record of pullpass trust, and in the policies that still name the deleted one.
 * https://cloud.google.com/iam/docs/service-accounts-delete-undelete
 */
import { asFault, PullpassError } from '../../../errors/pullpass-error.ts'
import { asObject, asText, jsonOrNone } from '../../../text/json-fields.ts'
import { type RecordEntry, recordKey, type TrustRecord } from '../../trust-contract.ts'
import { type DesiredState, grantEntry, grantName, grantNeeds } from './desired-state.ts'
import { deletedIds, readPolicy } from './policy.ts'
import type { GcpConnection } from './requests.ts'

/** An account of this name that was deleted: its unique id, or why it cannot be brought back. */
export type FormerAccount = { readonly uniqueId: string } | { readonly uniqueId: undefined; readonly why: string }

export interface AccountHistory {
  /** That it is there, under this unique id. */
  readonly saw: (email: string, uniqueId: string) => void
  /** That Google does not keep it any more. */
  readonly lost: (uniqueId: string) => void
  /** Of a deleted account; undefined if none is known. */
  readonly former: (email: string) => Promise<FormerAccount | undefined>
  /** What is to be recorded of an account that was seen. */
  readonly entry: (email: string) => RecordEntry | undefined
}

export function openHistory(wanted: DesiredState, record: TrustRecord, google: GcpConnection): AccountHistory {
  const ids = new Map<string, string>()
  const gone = new Set<string>()
  return {
    saw(email, uniqueId) {
      if (uniqueId !== '') ids.set(email, uniqueId)
    },
    lost: (uniqueId) => void gone.add(uniqueId),
    entry(email) {
      const uniqueId = ids.get(email)
      return uniqueId === undefined ? undefined : entryOf(email, wanted, uniqueId)
    },
    async former(email) {
      const recorded = await readRecorded(email, wanted, record)
      if (recorded instanceof PullpassError)
        return { uniqueId: undefined, why: `whether there was one is not known, since ${recorded.seen}` }
      const known = recorded.ids.length > 0 ? recorded.ids : await readShown(email, wanted, google)
      const [uniqueId, ...others] = known.filter((id) => !gone.has(id))
      if (uniqueId !== undefined && others.length === 0) return { uniqueId }
      if (uniqueId !== undefined)
        return { uniqueId: undefined, why: `several of this name were deleted: ${[uniqueId, ...others].join(', ')}` }
      if (known.length > 0)
        return { uniqueId: undefined, why: `Google keeps the deleted one (${known.join(', ')}) no longer` }
      return recorded.granted
        ? { uniqueId: undefined, why: 'the unique id of the deleted one is in no record' }
        : undefined
    },
  }
}

const involves = (email: string, { grants }: DesiredState) =>
  grants.filter((grant) => grantNeeds(grant).accounts.includes(email))

function entryOf(email: string, wanted: DesiredState, uniqueId: string): RecordEntry {
  const namespaces = involves(email, wanted).flatMap((grant) => wanted.recordedIn.get(grantName(grant)) ?? [])
  return {
    key: recordKey('account', email),
    text: JSON.stringify({ email, uniqueId }),
    namespaces: [...new Set(namespaces)],
  }
}

interface Recorded {
  readonly ids: readonly string[]
  /** Something was granted to it, or on it: there was one. */
  readonly granted: boolean
}

/** A fault where it cannot be read: no reason to make nothing. */
async function readRecorded(
  email: string,
  wanted: DesiredState,
  record: TrustRecord,
): Promise<Recorded | PullpassError> {
  try {
    const texts = await record.read(entryOf(email, wanted, ''))
    const granted = await Promise.all(involves(email, wanted).map((grant) => record.read(grantEntry(grant, wanted))))
    return { ids: distinct(texts.map(idIn)), granted: granted.flat().length > 0 }
  } catch (fault) {
    if (fault instanceof PullpassError) return fault
    throw fault
  }
}

/** Whoever may write the record could write anything. */
function idIn(text: string): string | undefined {
  const id = asText(asObject(jsonOrNone(text))?.['uniqueId'])
  return id !== undefined && /^\d{1,30}$/.test(id) ? id : undefined
}

/** In the policies where it is to be a member. */
async function readShown(email: string, { grants }: DesiredState, google: GcpConnection): Promise<string[]> {
  const targets = grants.filter(({ member }) => member === `serviceAccount:${email}`).map(({ on }) => on)
  const found = await Promise.all(
    targets.map(async (on) => {
      // A policy that cannot be read is a finding of its grant's own.
      const policy = await readPolicy(google, on).catch(asFault)
      return policy === undefined || policy instanceof PullpassError ? [] : deletedIds(policy, email)
    }),
  )
  return distinct(found.flat())
}

const distinct = (ids: readonly (string | undefined)[]) => [...new Set(ids.filter((id) => id !== undefined))]
