/** From what needs trust to what each vendor must know for it: nobody is asked yet, and what cannot be is refused here. */
import type { AnyNeed } from './trust-need.ts'
import type { VendorTrust } from './trust-vendor.ts'
import { trustVendors } from './trust-vendors.ts'

/** One for each vendor that is needed. @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export async function wantTrust(needs: readonly AnyNeed[]): Promise<VendorTrust[]> {
  const byVendor = Map.groupBy(needs, ({ registry }) => registry.provider)
  return await Promise.all([...byVendor].map(async ([name, its]) => (await trustVendors[name]()).want(its)))
}
