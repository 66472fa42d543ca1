/**
 * Whether a pool is used by one cluster only. A principal names its pool and a subject, not a provider, so service accounts of
 * the same name in two clusters of a pool are one principal, with the same permissions.
 * https://cloud.google.com/iam/docs/principal-identifiers
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { type IssuerKey, parseJwks, sameKey } from '../../../oidc/keys.ts'
import { asList, asObject, asText } from '../../../text/json-fields.ts'
import { listComplete, nextPageToken } from '../../trust/pages.ts'
import { type DesiredPool, type PoolCluster, subjectMapping } from './desired-state.ts'
import { type FoundProvider, readFoundProvider } from './observed-state.ts'
import { type GcpConnection, identityPath, sendTrustRequest } from './requests.ts'
import { subjectsOf } from './subject-condition.ts'

/** A sentence for each cluster or provider that shares the pool; empty if one cluster uses it. Pure. */
export function describeSharing({ clusters }: DesiredPool, listed: readonly ListedProvider[]): string[] {
  const desired = new Set(clusters.flatMap(({ providers }) => providers))
  const others = listed.filter(
    (provider) => !desired.has(provider.name) && !clusters.some((cluster) => isOf(provider, cluster)),
  )
  const ofThisRun =
    clusters.length > 1
      ? clusters.map(
          ({ name, issuer, providers }) =>
            `cluster ${name} (issuer ${issuer}) would use ${providers.map(idOf).join(' and ')}`,
        )
      : []
  return [...ofThisRun, ...others.map((provider) => describeOther(provider, clusters))]
}

/** The refusal of a shared pool, unless the operator accepts it. */
export const poolShared = ({ name, clusters }: DesiredPool, sharing: readonly string[]): PullpassError =>
  new PullpassError({
    code: 'TRUST_DOMAIN_SHARED',
    hop: 'trust',
    seen: `pool ${name} is shared by ${clusters[0]?.name ?? 'this cluster'} and others: ${sharing.join('; ')}`,
    expected:
      'a pool for each cluster: a principal names its pool and not its provider, so the service account of the same name in the other cluster has the same permissions: it can pull these images and write what this one may write, such as published keys',
    hint: 'set another pool in gcp.workloadIdentityProvider; or, if these clusters may have the same permissions, accept it: --share-trust-domain',
  })

/**
 * Whether only tokens of this cluster can become its principals through this provider: the issuer is that of the cluster, the
 * subject is mapped unchanged, and no uploaded key belongs to another cluster (an issuer such as kubernetes.default.svc is used by
 * many clusters, and one foreign key is enough to sign as any subject). The condition can only accept fewer subjects.
 */
function isOf(provider: ListedProvider, cluster: PoolCluster): boolean {
  if (provider.issuer !== cluster.issuer || !mapsTokenSubject(provider)) return false
  return provider.jwks === '' || foreignKeys(provider, [cluster])?.length === 0
}

const mapsTokenSubject = ({ mapping }: ListedProvider) => mapping[subjectMapping.key] === subjectMapping.expression

/** Uploaded keys that none of the clusters has; undefined if no key can be read. */
function foreignKeys({ jwks }: ListedProvider, clusters: readonly PoolCluster[]): readonly IssuerKey[] | undefined {
  const uploaded = parseJwks(jwks)
  if (uploaded === undefined || uploaded.length === 0) return undefined
  const known = clusters.flatMap(({ keys = [] }) => keys)
  return uploaded.filter((key) => !known.some((one) => sameKey(one, key)))
}

function describeOther(provider: ListedProvider, clusters: readonly PoolCluster[]): string {
  const { name, issuer, mapping, condition, disabled } = provider
  const subjects = [...new Set(clusters.flatMap((cluster) => cluster.subjects))]
  const traits = `${disabled ? ', disabled' : ''}${describeKeys(provider, clusters)}`
  const named = `provider ${idOf(name)} (issuer ${issuer}${traits})`
  const expression = mapping[subjectMapping.key]
  if (!mapsTokenSubject(provider))
    return `${named} maps ${subjectMapping.key} by ${expression ?? 'nothing'}: whether it maps to the same subjects is not known`
  if (condition === '')
    return `${named} accepts tokens of every service account of its cluster, ${subjects.join(' and ')} among them`
  const accepted = subjectsOf(condition)
  if (accepted === undefined)
    return `${named} accepts tokens by its condition ${condition}; compare ${subjects.join(' and ')}`
  const same = subjects.filter((subject) => accepted.includes(subject))
  return `${named} accepts ${same.length === 0 ? `none of these subjects, but ${accepted.join(' and ')}` : `tokens of ${same.join(' and ')}`}`
}

/** Among providers with the issuer of a cluster, keys show which belong to another cluster. */
function describeKeys(provider: ListedProvider, clusters: readonly PoolCluster[]): string {
  const alike = clusters.filter(({ issuer }) => issuer === provider.issuer)
  if (alike.length === 0 || provider.jwks === '') return ''
  const foreign = foreignKeys(provider, alike)
  if (foreign === undefined) return ', uploaded keys that cannot be read'
  const ids = foreign.map(({ keyId }) => keyId ?? 'without kid')
  const shown = ids.length > mostShown ? [...ids.slice(0, mostShown), `${ids.length - mostShown} more`] : ids
  return ids.length === 0 ? '' : `, uploaded keys that are not this cluster's: ${shown.join(', ')}`
}

const mostShown = 3

const idOf = (provider: string) => provider.slice(provider.lastIndexOf('/') + 1)

/** A provider of the pool, of any cluster. https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers/list */
export interface ListedProvider extends FoundProvider {
  readonly name: string
}

/** Providers of one pool that are not deleted. @throws TRUST_DENIED, TRUST_UNAVAILABLE, RESPONSE_TOO_LARGE */
export const listProviders = async (google: GcpConnection, pool: string): Promise<readonly ListedProvider[]> =>
  await listComplete(`Google's list of the providers of ${pool}`, async (token = '') => {
    const query = token && `&pageToken=${encodeURIComponent(token)}`
    return await sendTrustRequest(google, {
      method: 'GET',
      path: `${identityPath(pool)}/providers?pageSize=100${query}`,
      read: ({ body }) => ({
        items: asList(asObject(body)?.['workloadIdentityPoolProviders']).flatMap(readListed),
        next: nextPageToken(body),
      }),
    })
  })

function readListed(value: unknown): ListedProvider[] {
  const name = asText(asObject(value)?.['name'])
  const provider = readFoundProvider(value)
  return name === undefined || provider.state === 'DELETED' ? [] : [{ name, ...provider }]
}
