/** The plan: each resource looked at, side by side, in the order in which it would be made. */
import type { Finding, Replaceable } from './finding.ts'
import type { TrustResource } from './trust-vendor.ts'

export const lookAtAll = async (
  resources: readonly TrustResource[],
  replace: readonly Replaceable[],
): Promise<Finding[]> => await Promise.all(resources.map((resource) => resource.look(replace)))
