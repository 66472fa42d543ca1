/** Evaluations of trust resources that vendors share: an unreadable one, an identity of several clusters, and one of another owner. */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import {
  type Accepted,
  marksIn,
  type Override,
  type TrustedCluster,
  type TrustFinding,
  type TrustResource,
  trustRefused,
} from './contract.ts'

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

interface Sharing {
  readonly verdict?: 'refused'
  readonly sharedWith?: readonly string[]
  readonly notes?: readonly string[]
  readonly fault?: PullpassError
}

/** Clusters that share an identity, in one run or by credentials of an earlier one, have the same permissions. */
export function sharingOf(
  { clusters, name }: SharedIdentity,
  others: readonly OtherToken[],
  sharing: Accepted['sharing'],
): Sharing {
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

// Resources that carry the marks of the clusters for which pullpass created them, at the beginning of a text.

/** Whether pullpass created it for one of these clusters. */
export const isMarked = (description: string, marks: readonly string[]): boolean =>
  marksIn(description).some((mark) => marks.includes(mark))

/** Of a resource that pullpass did not create for this cluster. */
export function describeOwner(description: string): string {
  const carried = marksIn(description)
  if (carried.length === 0) return 'pullpass did not create it'
  return `pullpass created it for another issuer than this cluster's: its mark is ${carried.join(' ')}`
}

/** With which the names of the policies for the documents of a cluster begin. */
export const policyPrefix = (mark: string): string => `${mark.replace(':', '-')}-`

/** Whether it is the policy of a document of one of these clusters. */
export const isPolicyOf = (name: string, marks: readonly string[]): boolean =>
  marks.some((mark) => name.startsWith(policyPrefix(mark)))

/** Of a provider of another owner: roles that do not compare the audience accept tokens for each client id. */
export const clientIdRefusal = (
  provider: string,
  present: readonly string[],
  added: readonly string[],
): { readonly fault: PullpassError; readonly override: Override } => ({
  fault: trustRefused(
    `provider ${provider} exists, pullpass did not create it, and it accepts the client ids ${present.join(', ') || '(none)'}`,
    {
      expected: `client id ${added.join(' and ')} too`,
      hint: 'set the audience of the registry to one of its client ids; or, if every role that trusts the provider may get tokens for another audience: --replace clientIds',
    },
  ),
  override: { replace: ['clientIds'] },
})
