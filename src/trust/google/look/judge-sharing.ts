/**
 * Whether a pool belongs to one cluster: pure. A principal names its pool and a subject, not a provider, so the service
 * account of one name in two clusters of a pool is one principal, with the same rights.
 * https://cloud.google.com/iam/docs/principal-identifiers
 */
import { sameKey } from '../../../issuer/keys/issuer-key.ts'
import { parseJwks } from '../../../issuer/keys/parse-jwks.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { subjectsOf } from '../subject-condition.ts'
import type { PoolCluster, WantedPool } from '../want/wanted-at-google.ts'
import { subjectMapping } from '../want/wanted-at-google.ts'
import type { ListedProvider } from './list-providers.ts'

/** A sentence for each cluster or provider that shares the pool; empty where it is one cluster's. */
export function describeSharing({ clusters }: WantedPool, listed: readonly ListedProvider[]): string[] {
  const subjects = [...new Set(clusters.flatMap((cluster) => cluster.subjects))]
  const wanted = new Set(clusters.flatMap(({ providers }) => providers))
  const others = listed.filter(
    (provider) => !wanted.has(provider.name) && !clusters.some((cluster) => isOf(provider, cluster)),
  )
  const ofThisRun =
    clusters.length > 1
      ? clusters.map(
          ({ name, issuer, providers }) =>
            `cluster ${name} (issuer ${issuer}) is to use ${providers.map(idOf).join(' and ')}`,
        )
      : []
  return [...ofThisRun, ...others.map((provider) => describeOther(provider, subjects))]
}

/** @returns the refusal that `plan` shows until the operator accepts the sharing */
export const poolShared = ({ name, clusters }: WantedPool, sharing: readonly string[]): PullpassError =>
  new PullpassError({
    code: 'TRUST_POOL_SHARED',
    hop: 'trust',
    seen: `pool ${name} is not used by ${clusters[0]?.name ?? 'this cluster'} alone: ${sharing.join('; ')}`,
    expected:
      'a pool for each cluster: a principal names its pool and not its provider, so the service account of the same name in the other cluster has the rights of this one: it pulls these images, and writes what this one may write, such as published keys',
    hint: 'name a pool of its own in gcp.workloadIdentityProvider; or, where these clusters may have the same rights, accept it: --share-pool',
  })

/** By issuer; where keys are uploaded, a name such as kubernetes.default.svc is many clusters', and the keys decide. */
function isOf({ issuer, jwks }: ListedProvider, cluster: PoolCluster): boolean {
  if (issuer !== cluster.issuer) return false
  if (jwks === '') return true
  const uploaded = parseJwks(jwks) ?? []
  return (cluster.keys ?? []).some((key) => uploaded.some((one) => sameKey(one, key)))
}

function describeOther(
  { name, issuer, mapping, condition, disabled }: ListedProvider,
  subjects: readonly string[],
): string {
  const said = `provider ${idOf(name)} (issuer ${issuer}${disabled ? ', disabled' : ''})`
  const expression = mapping[subjectMapping.key]
  if (expression !== subjectMapping.expression)
    return `${said} maps ${subjectMapping.key} by ${expression ?? 'nothing'}: whether it maps to the same subjects is not known`
  if (condition === '')
    return `${said} accepts tokens of every service account of its cluster, ${subjects.join(' and ')} among them`
  const accepted = subjectsOf(condition)
  if (accepted === undefined)
    return `${said} accepts tokens by its condition ${condition}; compare ${subjects.join(' and ')}`
  const same = subjects.filter((subject) => accepted.includes(subject))
  return `${said} accepts ${same.length === 0 ? `none of these subjects, but ${accepted.join(' and ')}` : `tokens of ${same.join(' and ')}`}`
}

const idOf = (provider: string) => provider.slice(provider.lastIndexOf('/') + 1)
