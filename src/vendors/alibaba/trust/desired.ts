/** The desired Alibaba Cloud resources of documents: OIDC providers, roles, policies and their attachments. Pure; rejects a configuration that cannot work. */
import { brokenRule } from '../../../document/field-rules.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { quote } from '../../../text/plain-text.ts'
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import {
  checkPublicIssuers,
  documentInvalid,
  documentKey,
  nonEmpty,
  repositoriesOf,
  unique,
} from '../../trust/needs.ts'
import { clientId, longestIssuer, parseArn, policyArn, repository, usualAudience } from '../names.ts'
import type { AlibabaSettings } from '../settings.ts'

export interface DesiredProvider {
  readonly arn: string
  readonly issuer: string
  readonly clientIds: readonly string[]
  /** Lower-case SHA-1, sorted. */
  readonly fingerprints: readonly string[]
  /** Of the cluster: `pullpass:…`. */
  readonly mark: string
  /** Begins with the mark. */
  readonly description: string
}

/** A statement of a trust policy. */
export interface DesiredStatement {
  /** ARN. */
  readonly provider: string
  readonly issuer: string
  readonly subject: string
  readonly audience: string
}

export interface DesiredRole {
  readonly arn: string
  /** Begins with the marks. */
  readonly description: string
  /** Of the clusters. */
  readonly marks: readonly string[]
  readonly statements: readonly DesiredStatement[]
  /** Names of the policies of these documents. */
  readonly policies: readonly string[]
  readonly subjectsFrom: SubjectsFrom
}

/** A policy for one document, role and cluster, so that documents and clusters that share a role do not change each other's policies. */
export interface DesiredPolicy {
  readonly arn: string
  /** ARN of the role to which it is attached. */
  readonly role: string
  readonly mark: string
  /** Begins with the mark. */
  readonly description: string
  /** ARNs, sorted. */
  readonly repositories: readonly string[]
}

export interface DesiredState {
  readonly providers: readonly DesiredProvider[]
  readonly roles: readonly DesiredRole[]
  readonly policies: readonly DesiredPolicy[]
}

type Need = TrustNeed<AlibabaSettings>

/** @throws DOCUMENT_INVALID, USAGE_INVALID, ISSUER_UNUSABLE */
export function desiredState(needs: readonly Need[]): DesiredState {
  checkPublicIssuers(needs, 'Alibaba Cloud')
  for (const need of needs) checkNeed(need)
  return { providers: providersOf(needs), roles: rolesOf(needs), policies: policiesOf(needs) }
}

const audienceOf = ({ registry }: Need) => registry.audience ?? usualAudience

function providersOf(needs: readonly Need[]): DesiredProvider[] {
  return [...Map.groupBy(needs, ({ registry }) => registry.settings.oidcProviderArn)].map(([arn, same]) => {
    const [{ cluster }] = nonEmpty(same)
    const other = same.find((need) => need.cluster.issuer !== cluster.issuer)
    if (other !== undefined) throw severalIssuers(arn, [cluster, other.cluster])
    const mark = markOf(cluster)
    return {
      arn,
      issuer: cluster.issuer,
      clientIds: unique(same.map(audienceOf)),
      fingerprints: unique(same.flatMap(fingerprintsOf).map((one) => one.toLowerCase())).toSorted(),
      mark,
      description: `${mark} issuer of a cluster that pulls images`,
    }
  })
}

function rolesOf(needs: readonly Need[]): DesiredRole[] {
  return [...Map.groupBy(needs, ({ registry }) => registry.settings.roleArn)].map(([arn, same]) => {
    const statements = new Map(same.map(statementOf).map((one) => [JSON.stringify(one), one]))
    return {
      arn,
      description: describeMarked(unique(same.map(({ cluster }) => cluster.issuer)), longestDescription),
      marks: unique(same.map(({ cluster }) => markOf(cluster))),
      statements: [...statements.values()],
      policies: unique(same.map(policyName)),
      subjectsFrom: subjectsFrom(same),
    }
  })
}

/** RAM permits 1,024 characters. */
const longestDescription = 1024

const statementOf = (need: Need): DesiredStatement => ({
  provider: need.registry.settings.oidcProviderArn,
  issuer: need.cluster.issuer,
  subject: need.subject,
  audience: audienceOf(need),
})

function policiesOf(needs: readonly Need[]): DesiredPolicy[] {
  return [...Map.groupBy(needs, policyName)].map(([name, same]) => {
    const [{ registry, document, cluster }] = nonEmpty(same)
    const mark = markOf(cluster)
    return {
      arn: policyArn(parseArn(registry.settings.roleArn).account, name),
      role: registry.settings.roleArn,
      mark,
      description: `${mark} repositories of ${document.kind} ${document.name}`,
      repositories: unique(same.flatMap(arnsIn)).toSorted(),
    }
  })
}

/** 64 bits of a hash. A policy belongs to the account: its name contains the role. */
const policyName = ({ cluster, registry, document }: Need): string =>
  markedName(markOf(cluster), `${documentKey(document)} ${registry.settings.roleArn}`, 16)

/** https://www.alibabacloud.com/help/en/acr/user-guide/ram-authorization-information */
function arnsIn(need: Need): string[] {
  const { region, instanceId, roleArn } = need.registry.settings
  const { account } = parseArn(roleArn)
  const paths = repositoriesOf(need, { missing: 'does not name its repositories', expected: repository.expected })
  return paths.map((path) => `acs:cr:${region}:${account}:repository/${instanceId}/${path}`)
}

function fingerprintsOf({ document, registry }: Need): readonly string[] {
  const { trust } = registry.settings
  if (trust !== undefined && trust.fingerprints.length > 0) return trust.fingerprints
  throw documentInvalid(
    document.source,
    `registry ${registry.name} does not name the fingerprint of the issuer's certificate authority`,
    {
      expected: "alibaba.trust.fingerprints: Alibaba Cloud verifies the certificate of the issuer's URL with them",
      hint: 'set it in the document; docs/vendors/alibaba.md shows how to compute it',
    },
  )
}

function checkNeed(need: Need): void {
  const { registry, document, cluster } = need
  const { roleArn, oidcProviderArn } = registry.settings
  arnsIn(need)
  fingerprintsOf(need)
  if (parseArn(roleArn).account !== parseArn(oidcProviderArn).account) {
    throw documentInvalid(
      document.source,
      `registry ${registry.name} has a role and an OIDC provider of different accounts`,
      {
        expected: 'alibaba.roleArn and alibaba.oidcProviderArn of one account, which pullpass trust configures',
        hint: 'correct one of them',
      },
    )
  }
  const broken = brokenRule(clientId, audienceOf(need))
  if (broken !== undefined) {
    throw documentInvalid(document.source, `registry ${registry.name} has the audience ${quote(audienceOf(need))}`, {
      expected: broken,
      hint: `set another audience, or none: the default is ${usualAudience}`,
    })
  }
  const unusable = checkIssuer(cluster)
  if (unusable !== undefined) throw unusable
}

/** https://www.alibabacloud.com/help/en/ram/developer-reference/api-ims-2019-08-15-createoidcprovider */
function checkIssuer({ name, issuer }: TrustedCluster): PullpassError | undefined {
  if (issuer.length <= longestIssuer) return undefined
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `the issuer of cluster ${name} is ${issuer}: it has ${issuer.length} characters, and Alibaba Cloud accepts ${longestIssuer}`,
    expected: `https://HOST/PATH of at most ${longestIssuer} characters`,
    hint: 'configure another issuer; to print the steps for the distribution',
    command: 'pullpass issuer show',
  })
}

const severalIssuers = (arn: string, clusters: readonly TrustedCluster[]) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `the clusters ${clusters.map(({ name }) => name).join(' and ')} have different issuers, and one OIDC provider: ${arn}`,
    expected: 'an OIDC provider for each cluster: --issuer-id CONTEXT=NAME, or documents with different providers',
  })
