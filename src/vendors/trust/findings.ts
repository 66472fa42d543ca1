/**
 * Evaluations of trust resources that vendors share: an unreadable one, an identity of several clusters, a former subject, and a provider
 * of another owner.
 */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import {
  type Accepted,
  type Override,
  type SubjectsFrom,
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
    const { notes = [], ...found } = await evaluate()
    return { ...common, verdict: 'ok', ...found, notes: firstOf(notes) }
  } catch (error) {
    signal.throwIfAborted()
    return { ...common, verdict: 'unknown', fault: asFault(error) }
  }
}

const most = 20

/** For messages: what others configured at a vendor can be thousands. */
export const firstOf = (texts: readonly string[]): readonly string[] =>
  texts.length <= most ? texts : [...texts.slice(0, most), `and ${texts.length - most} more`]

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
  const sharedWith = firstOf([
    ...ofRun.map((cluster) => `cluster ${cluster.name} (issuer ${cluster.issuer}) signs in as it`),
    ...others.map(({ issuer, subject }) => `${subject} of another cluster (issuer ${issuer}) signs in as it`),
  ])
  if (sharing === 'accepted') return { sharedWith, notes: sharedWith.map((one) => `shared by clusters: ${one}`) }
  const orFormer = others.length === 0 ? '' : ', or the issuer is a former one of this cluster'
  const fault = new PullpassError({
    code: 'TRUST_DOMAIN_SHARED',
    hop: 'trust',
    seen: `${name} is used by ${ofRun.length === 0 ? 'another cluster' : 'several clusters'}: ${sharedWith.join('; ')}`,
    expected: 'an identity for each cluster: clusters that share one have the same roles',
    hint: `configure a separate identity in the document of each cluster; or accept it if these clusters may have the same permissions${orFormer}: --share-trust-domain`,
  })
  return { verdict: 'refused', sharedWith, fault }
}

// Subjects for which pullpass configured an identity earlier, and that these documents do not have.

/** Ends a note on one where --subject names the present one. */
export const notInFlag = 'which --subject does not name; if no pod uses it, remove it: --replace subjects'

/** Ends a note on one, where the vendor does not show which documents use it. */
export const whyFormer = (from: SubjectsFrom): string =>
  from === 'flag'
    ? notInFlag
    : 'which these documents do not use: pass the other documents of the cluster too with -f; if none uses it, remove it: --replace subjects'

/** Of a provider of another owner: roles that do not compare the audience accept tokens for each client id. */
export const clientIdRefusal = (
  provider: string,
  present: readonly string[],
  added: readonly string[],
): { readonly fault: PullpassError; readonly override: Override } => ({
  fault: trustRefused(
    `provider ${provider} exists, pullpass did not create it, and it accepts the client ids ${firstOf(present).join(', ') || '(none)'}`,
    {
      expected: `client id ${added.join(' and ')} too`,
      hint: 'set the audience of the registry to one of its client ids; or, if every role that trusts the provider may get tokens for another audience: --replace clientIds',
    },
  ),
  override: { replace: ['clientIds'] },
})
