/** The plan: each resource is read and evaluated concurrently, in the order in which it would be created. */
import type { Accepted, Finding, MissingNeed } from './finding.ts'
import type { TrustResource } from './trust-vendor.ts'

export async function lookAtAll(resources: readonly TrustResource[], accepted: Accepted): Promise<Finding[]> {
  const findings = await Promise.all(resources.map((resource) => resource.look(accepted)))
  return blockDependants(resources, findings)
}

/**
 * Nothing is created on top of a resource that is refused or could not be read: a grant would apply to whatever is there,
 * such as another cluster's provider of the same id.
 */
function blockDependants(resources: readonly TrustResource[], findings: readonly Finding[]): Finding[] {
  const notInPlace = new Map<string, MissingNeed>()
  return findings.map((finding, index) => {
    const missingNeeds = (resources[index]?.needs ?? []).flatMap((name) => notInPlace.get(name) ?? [])
    const evaluated =
      missingNeeds.length === 0
        ? finding
        : finding.changes.length === 0
          ? { ...finding, missingNeeds }
          : { ...finding, missingNeeds, verdict: 'blocked' as const, changes: [] }
    const { name, verdict } = evaluated
    if (finding.fault !== undefined || verdict === 'blocked') notInPlace.set(name, { name, state: verdict })
    return evaluated
  })
}
