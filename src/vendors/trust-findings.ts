/** Evaluations of trust resources that vendors share: an unreadable one, and an identity of several clusters. */
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Accepted, TrustedCluster, TrustFinding, TrustResource } from './trust-contract.ts'

/** A failed read is a verdict, not an exception; only an interruption is thrown. */
export async function observed(
  resource: Pick<TrustResource, 'vendor' | 'kind' | 'name'>,
  hcl: TrustFinding['hcl'],
  evaluate: () => Promise<Partial<TrustFinding>>,
  { signal }: Pick<Context, 'signal'>,
): Promise<TrustFinding> {
  const { vendor, kind, name } = resource
  const common = { vendor, kind, name, presence: 'absent', changes: [], notes: [], kept: [], hcl } as const
  try {
    return { ...common, verdict: 'ok', ...(await evaluate()) }
  } catch (error) {
    signal.throwIfAborted()
    return { ...common, verdict: 'unknown', fault: asFault(error) }
  }
}

/** An identity of the vendor that tokens sign in, and the clusters of this run whose tokens do. */
interface SharedIdentity {
  readonly name: string
  readonly clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[]
}

/** Of a cluster that is none of this run, and that signs the identity in too. */
export interface OtherToken {
  readonly issuer: string
  readonly subject: string
}

/** Clusters that share an identity, in one run or by credentials of an earlier one, have the same permissions. */
export function sharingOf(
  { clusters, name }: SharedIdentity,
  others: readonly OtherToken[],
  sharing: Accepted['sharing'],
): Partial<TrustFinding> {
  if (clusters.length + others.length < 2) return {}
  const ofRun = clusters.length < 2 ? [] : clusters // one is this cluster
  const sharedWith = [
    ...ofRun.map((cluster) => `cluster ${cluster.name} (issuer ${cluster.issuer}) signs in as it`),
    ...others.map(({ issuer, subject }) => `${subject} of another cluster (issuer ${issuer}) signs in as it`),
  ]
  if (sharing === 'accepted') return { sharedWith, notes: sharedWith.map((one) => `shared by clusters: ${one}`) }
  const fault = new PullpassError({
    code: 'TRUST_DOMAIN_SHARED',
    hop: 'trust',
    seen: `${name} is used by ${ofRun.length === 0 ? 'another cluster' : 'several clusters'}: ${sharedWith.join('; ')}`,
    expected: 'an identity for each cluster: clusters that share one have the same roles',
    hint: 'configure a separate identity in the document of each cluster; or accept it if these clusters may have the same permissions: --share-trust-domain',
  })
  return { verdict: 'refused', sharedWith, fault }
}
