/** From what needs trust to what each vendor must know for it: nobody is asked yet, and what cannot be is refused here. */
import type { ProviderName } from '../document/document.ts'
import type { AnyNeed, TrustNeed } from './trust-need.ts'
import type { VendorTrust } from './trust-vendor.ts'
import { trustVendors } from './trust-vendors.ts'

/** One for each vendor that is needed. @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export async function wantTrust(needs: readonly AnyNeed[]): Promise<VendorTrust[]> {
  const byVendor = Map.groupBy(needs, ({ registry }) => registry.provider)
  return await Promise.all([...byVendor].map(async ([name, its]) => await wantOf(name, its)))
}

async function wantOf<Name extends ProviderName>(name: Name, its: readonly TrustNeed<Name>[]): Promise<VendorTrust> {
  return (await trustVendors[name]()).want(its)
}
