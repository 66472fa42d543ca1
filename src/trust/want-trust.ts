/** From what needs trust to what each vendor must know for it: nobody is asked yet, and what cannot be is refused here. */
import type { ProviderName } from '../document/document.ts'
import type { TrustNeed } from './trust-need.ts'
import type { VendorTrust } from './trust-vendor.ts'
import { trustVendors } from './trust-vendors.ts'

/** One for each vendor that is needed. @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export async function wantTrust(needs: readonly TrustNeed[]): Promise<VendorTrust[]> {
  const names = new Set(needs.map(({ registry }) => registry.provider))
  return await Promise.all([...names].map(async (name) => await wantOf(name, needs)))
}

async function wantOf<Name extends ProviderName>(name: Name, needs: readonly TrustNeed[]): Promise<VendorTrust> {
  const isHis = (need: TrustNeed): need is TrustNeed<Name> => need.registry.provider === name
  return (await trustVendors[name]()).want(needs.filter(isHis))
}
