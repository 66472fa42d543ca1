/** The desired CAM resources of documents: OIDC providers, roles and policies. Pure; rejects a configuration that cannot work. */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { type IssuerKey, whyUnusable } from '../../../oidc/keys.ts'
import type { ClusterKeys } from '../../../oidc/stored-keys.ts'
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import { documentKey, nonEmpty, repositoriesOf, unique } from '../../trust/needs.ts'
import { usualAudience } from '../exchange.ts'
import { parseRole, providerArn } from '../names.ts'
import type { TencentSettings } from '../settings.ts'
import type { CamPlace } from './requests.ts'

type Need = TrustNeed<TencentSettings>

export interface DesiredProvider extends ClusterKeys {
  readonly arn: string
  readonly name: string
  readonly issuer: string
  readonly clientIds: readonly string[]
  readonly mark: string
  readonly description: string
  readonly place: CamPlace
}

/** A statement of a trust policy: its condition compares the issuer, the audience and the subject. */
export interface DesiredStatement {
  /** ARN of the provider. */
  readonly provider: string
  readonly issuer: string
  readonly subject: string
  readonly audience: string
}

export interface DesiredRole {
  readonly arn: string
  readonly description: string
  /** Of the clusters. */
  readonly marks: readonly string[]
  readonly statements: readonly DesiredStatement[]
  /** Names of the policies of these documents. */
  readonly policies: readonly string[]
  readonly subjectsFrom: SubjectsFrom
  readonly place: CamPlace
}

/** A policy for one document of one cluster, so that documents and clusters that share a role do not change each other's policies. */
export interface DesiredPolicy {
  readonly role: string
  readonly name: string
  readonly description: string
  readonly mark: string
  /** Of each instance: its ARN, and those of the repositories. */
  readonly instances: readonly DesiredInstance[]
  readonly place: CamPlace
}

export interface DesiredInstance {
  readonly registryId: string
  readonly region: string
  /** NAMESPACE/NAME, sorted. */
  readonly repositories: readonly string[]
}

export interface DesiredState {
  readonly providers: readonly DesiredProvider[]
  readonly roles: readonly DesiredRole[]
  readonly policies: readonly DesiredPolicy[]
}

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, KEYS_UNUSABLE, USAGE_INVALID */
export function desiredState(needs: readonly Need[]): DesiredState {
  for (const { cluster } of needs) checkIssuer(cluster)
  return { providers: providersOf(needs), roles: rolesOf(needs), policies: policiesOf(needs) }
}

const audienceOf = ({ registry }: Need) => registry.audience ?? usualAudience

const placeOf = ({ registry: { settings } }: Need): CamPlace => ({ site: settings.site, region: settings.region })

const arnOfProvider = ({ registry: { settings } }: Need) =>
  providerArn(parseRole(settings.roleArn).account, settings.providerId)

function providersOf(needs: readonly Need[]): DesiredProvider[] {
  return [...Map.groupBy(needs, arnOfProvider)].map(([arn, same]) => {
    const [first] = nonEmpty(same)
    const { cluster, registry } = first
    const other = same.find((one) => one.cluster !== cluster)?.cluster
    if (other !== undefined) throw providerShared(arn, cluster, other)
    return {
      arn,
      name: registry.settings.providerId,
      issuer: cluster.issuer,
      clientIds: unique(same.map(audienceOf)),
      mark: markOf(cluster),
      description: `${markOf(cluster)} verifies tokens of the cluster of ${cluster.issuer}`.slice(
        0,
        longestDescription,
      ),
      place: placeOf(first),
      keys: keysOf(cluster),
      ...(cluster.servers !== undefined && { servers: cluster.servers }),
      ...(cluster.isRevoked !== undefined && { isRevoked: cluster.isRevoked }),
    }
  })
}

const providerShared = (arn: string, one: TrustedCluster, other: TrustedCluster) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `the clusters ${one.name} and ${other.name} have the same provider, ${arn}`,
    expected: 'a provider for each cluster: it has one issuer and its keys',
    hint: 'name them: --issuer-id CONTEXT=ID',
  })

function rolesOf(needs: readonly Need[]): DesiredRole[] {
  return [...Map.groupBy(needs, ({ registry }) => registry.settings.roleArn)].map(([arn, same]) => {
    const statements = new Map(same.map(statementOf).map((one) => [JSON.stringify(one), one]))
    const [first] = nonEmpty(same)
    return {
      arn,
      description: describeMarked(unique(same.map(({ cluster }) => cluster.issuer)), longestDescription),
      marks: unique(same.map(({ cluster }) => markOf(cluster))),
      statements: [...statements.values()],
      policies: unique(same.map(policyName)),
      subjectsFrom: subjectsFrom(same),
      place: placeOf(first),
    }
  })
}

const statementOf = (need: Need): DesiredStatement => ({
  provider: arnOfProvider(need),
  issuer: need.cluster.issuer,
  subject: need.subject,
  audience: audienceOf(need),
})

/** CAM has a limit (`DescriptionLengthOverlimit`) and does not document it. */
const longestDescription = 250

function policiesOf(needs: readonly Need[]): DesiredPolicy[] {
  return [...Map.groupBy(needs, policyName)].map(([name, same]) => {
    const [first] = nonEmpty(same)
    const { cluster, registry, document } = first
    return {
      role: registry.settings.roleArn,
      name,
      description: `${markOf(cluster)} pulls images for ${document.kind} ${document.name}`.slice(0, longestDescription),
      mark: markOf(cluster),
      instances: instancesOf(same),
      place: placeOf(first),
    }
  })
}

const instancesOf = (needs: readonly Need[]): DesiredInstance[] =>
  [...Map.groupBy(needs, ({ registry: { settings } }) => `${settings.region} ${settings.registryId}`).values()].map(
    (same) => {
      const [{ registry }] = nonEmpty(same)
      const { registryId, region } = registry.settings
      return { registryId, region, repositories: unique(same.flatMap(namesIn)).toSorted() }
    },
  )

/** Names of policies are unique in an account: 64 bits of a hash of the role and the document. */
const policyName = ({ cluster, registry, document }: Need): string =>
  markedName(markOf(cluster), `${registry.settings.roleArn} ${documentKey(document)}`, 16)

const namesIn = (need: Need) =>
  repositoriesOf(need, { missing: 'does not name its repositories', expected: 'NAMESPACE/REPOSITORY, or NAMESPACE/*' })

/** CAM compares the issuer and does not read it, so that it can be private. https://www.tencentcloud.com/document/product/598/58323 */
function checkIssuer({ name, issuer }: TrustedCluster): void {
  if (URL.parse(issuer)?.protocol === 'https:' && !/[?#@]|[^\x21-\x7e]/.test(issuer)) return
  throw new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `the issuer of cluster ${name} is ${issuer}`,
    expected: 'https://HOST/PATH without a query, fragment or user',
    hint: 'configure another issuer; to print the steps for the distribution',
    command: 'pullpass issuer show',
  })
}

/** @throws KEYS_UNUSABLE if CAM can verify with none of them, USAGE_INVALID if they were not read */
function keysOf({ keys, name }: TrustedCluster): readonly IssuerKey[] {
  if (keys === undefined) {
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: `CAM stores the keys of ${name}, and --issuer gives none`,
      expected: 'a cluster that serves them',
      hint: 'leave --issuer out',
    })
  }
  const usable = keys.filter((key) => whyUnusable(key) === undefined)
  if (usable.length > 0) return usable
  throw new PullpassError({
    code: 'KEYS_UNUSABLE',
    hop: 'trust',
    seen: `cluster ${name} serves ${keys.length} keys, and none of them can be used`,
    expected: 'an RSA key of 2048 bits or more, or an elliptic key, with a kid',
    hint: 'to show the problem of each key',
    command: 'pullpass issuer show',
  })
}
