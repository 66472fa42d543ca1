/** What stands in the description of all that pullpass makes at Google: first the marks, then words for people. */
import { markOf, marksIn, type TrustedCluster } from '../../trusted-cluster.ts'
import type { WantedProvider } from './wanted-at-google.ts'

/** https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools */
const longest = 256
/** Together with the words they fit. */
const mostFormer = 6

export const describeMade = (cluster: Pick<TrustedCluster, 'issuer'>): string => describe([markOf(cluster)], cluster)

/**
 * Of a provider whose issuer is replaced: its new mark, and after it those that it had. What pullpass made beside it under
 * one of them, the pool and the account, is known by it. Undefined where pullpass did not make it for the issuer that goes.
 */
export function describeSuccessor(
  { issuer }: Pick<WantedProvider, 'issuer'>,
  found: { readonly issuer: string; readonly description: string },
): string | undefined {
  const had = marksIn(found.description)
  if (!had.includes(markOf(found))) return undefined
  const mark = markOf({ issuer })
  return describe([mark, ...had.filter((one) => one !== mark).slice(0, mostFormer)], { issuer })
}

const describe = (marks: readonly string[], { issuer }: Pick<TrustedCluster, 'issuer'>) =>
  `${marks.join(' ')} pulls images for the cluster of ${issuer}`.slice(0, longest)
