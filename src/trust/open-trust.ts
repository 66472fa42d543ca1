/** All that is wanted of all vendors, ready to be looked at: each resource after those that it needs. */
import type { Outside } from '../outside/outside.ts'
import type { TrustRecord } from './trust-record.ts'
import type { TrustResource, VendorTrust } from './trust-vendor.ts'

/** @throws TRUST_CREDENTIALS_MISSING, CREDENTIAL_FILE_INVALID: who has none is told so once */
export async function openTrust(
  wanted: readonly VendorTrust[],
  record: TrustRecord,
  outside: Outside,
): Promise<TrustResource[]> {
  const opened = await Promise.all(wanted.map((vendor) => vendor.open(outside, record)))
  return opened.flat()
}
