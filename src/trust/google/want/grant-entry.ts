/** How the record tells of a grant. */
import { type RecordEntry, recordKey } from '../../trust-record.ts'
import { grantName, targetName, type WantedAtGoogle, type WantedGrant } from './wanted-at-google.ts'

export function grantEntry(grant: WantedGrant, { recordedIn }: Pick<WantedAtGoogle, 'recordedIn'>): RecordEntry {
  const { on, role, member } = grant
  return {
    key: recordKey('grant', grantName(grant)),
    text: JSON.stringify({ role, on: targetName(on), member }),
    namespaces: recordedIn.get(grantName(grant)) ?? [],
  }
}
