/** The resources of each vendor that trust requires; invalid requirements are refused before any request is sent. */
import type { Context } from '../http/context.ts'
import type {
  Accepted,
  DesiredTrust,
  MissingNeed,
  TrustFinding,
  TrustNeed,
  TrustRecord,
  TrustResource,
} from '../vendors/trust/contract.ts'
import type { Vendors } from '../vendors/vendor.ts'
import { resourceVendor, trustSetup } from './needs.ts'

/** One for each vendor that has resources. @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export async function desiredTrust(needs: readonly TrustNeed[], vendors: Vendors): Promise<DesiredTrust[]> {
  const byVendor = Map.groupBy(needs, ({ registry }) => resourceVendor(registry.vendor, vendors))
  return await Promise.all([...byVendor].map(async ([name, its]) => (await trustSetup(name, vendors)).desired(its)))
}

// The resources of all vendors, each after those that it needs.

/** Where the operator cannot sign in at a vendor, its resources are `unknown`; those of other vendors are not affected. */
export const openResources = (
  desired: readonly DesiredTrust[],
  record: TrustRecord,
  context: Context,
): TrustResource[] => desired.flatMap((vendor) => vendor.open(context, record).resources)

/** The operator is signed in at each vendor. @throws TRUST_CREDENTIALS_MISSING, CREDENTIAL_FILE_INVALID, TRUST_DENIED */
export async function openSignedIn(
  desired: readonly DesiredTrust[],
  record: TrustRecord,
  context: Context,
): Promise<TrustResource[]> {
  const opened = desired.map((vendor) => vendor.open(context, record))
  await Promise.all(opened.map(async ({ signIn }) => await signIn()))
  return opened.flatMap(({ resources }) => resources)
}

/** The plan: each resource is read and evaluated concurrently, in the order in which it would be created. */
export async function observeAll(resources: readonly TrustResource[], accepted: Accepted): Promise<TrustFinding[]> {
  const findings = await Promise.all(resources.map((resource) => resource.observe(accepted)))
  return blockDependants(resources, findings)
}

/**
 * Nothing is created on top of a resource that is refused or could not be read: a grant would apply to the existing resource,
 * such as another cluster's resource of the same id.
 */
function blockDependants(resources: readonly TrustResource[], findings: readonly TrustFinding[]): TrustFinding[] {
  const notInPlace = new Map<string, MissingNeed>()
  return findings.map((finding, index) => {
    const missingNeeds = (resources[index]?.needs ?? []).flatMap((name) => notInPlace.get(name) ?? [])
    const evaluated =
      missingNeeds.length === 0
        ? finding
        : finding.changes.length === 0
          ? { ...finding, missingNeeds }
          : { ...finding, missingNeeds, verdict: 'blocked' as const, changes: [] }
    const { vendor, kind, name, verdict } = evaluated
    if (finding.fault !== undefined || verdict === 'blocked')
      notInPlace.set(name, {
        vendor,
        kind,
        name,
        state: verdict === 'refused' || verdict === 'blocked' ? verdict : 'unknown',
      })
    return evaluated
  })
}
