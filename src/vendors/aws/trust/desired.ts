/** The desired AWS resources of documents: OIDC providers, roles and their policies. Pure; rejects a configuration that cannot work. */
import { createHash } from 'node:crypto'
import { PullpassError } from '../../../errors/pullpass-error.ts'
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
import { publicRegion } from '../endpoints.ts'
import { checkSubject, parseRole, providerArn, providerKey, publicRegistry, repositoryArn } from '../names.ts'
import { usualAudience } from '../session.ts'
import type { AwsSettings, ProviderTrust } from '../settings.ts'

/** What the resources depend on, of private and public registries: these may use the same role. */
export interface TrustSettings
  extends Pick<AwsSettings, 'roleArn' | 'stsRegion' | 'sessionDurationSeconds' | 'assumeRoles'> {
  /** Absent: that of the public registry. */
  readonly region?: string
  readonly trust?: ProviderTrust
}

export interface DesiredProvider {
  readonly arn: string
  readonly issuer: string
  readonly clientIds: readonly string[]
  /** Undefined: IAM reads them itself. */
  readonly thumbprints: readonly string[] | undefined
  /** Of the cluster: `pullpass:…`. */
  readonly mark: string
}

/** A statement of a trust policy. */
export interface DesiredStatement {
  /** ARN. */
  readonly provider: string
  /** Prefix of its condition keys. */
  readonly key: string
  readonly subject: string
  readonly audience: string
  /** Contains the mark of the cluster. */
  readonly sid: string
}

export interface DesiredRole {
  readonly arn: string
  readonly description: string
  /** Of the clusters. */
  readonly marks: readonly string[]
  readonly statements: readonly DesiredStatement[]
  /** Names of the inline policies of these documents, also of those of earlier versions. */
  readonly policies: readonly string[]
  readonly subjectsFrom: SubjectsFrom
  readonly maxSessionSeconds: number
  /** Of the token service, where the operator's identity is read. */
  readonly region: string
}

/** An inline policy for one document of one cluster, so that documents and clusters that share a role do not change each other's policies. */
export interface DesiredPolicy {
  readonly role: string
  readonly name: string
  /** ARNs, sorted; empty: of the public registry only. */
  readonly repositories: readonly string[]
  /** Whether the document also has the public registry. */
  readonly hasPublic: boolean
}

export interface DesiredState {
  readonly providers: readonly DesiredProvider[]
  readonly roles: readonly DesiredRole[]
  readonly policies: readonly DesiredPolicy[]
}

type Need = TrustNeed<TrustSettings>

/** @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE */
export function desiredState(needs: readonly Need[]): DesiredState {
  checkPublicIssuers(needs, 'AWS')
  for (const need of needs) checkNeed(need)
  return { providers: providersOf(needs), roles: rolesOf(needs), policies: policiesOf(needs) }
}

const audienceOf = ({ registry }: Need) => registry.audience ?? usualAudience

function arnOfProvider({ registry, cluster }: Need): string {
  const { partition, account } = parseRole(registry.settings.roleArn)
  return providerArn(partition, account, cluster.issuer)
}

function providersOf(needs: readonly Need[]): DesiredProvider[] {
  return [...Map.groupBy(needs, arnOfProvider)].map(([arn, same]) => {
    const thumbprints = same.flatMap(({ registry }) => registry.settings.trust?.thumbprints ?? [])
    const [{ cluster }] = nonEmpty(same)
    return {
      arn,
      issuer: cluster.issuer,
      clientIds: unique(same.map(audienceOf)),
      thumbprints: thumbprints.length === 0 ? undefined : unique(thumbprints.map((one) => one.toLowerCase())),
      mark: markOf(cluster),
    }
  })
}

function rolesOf(needs: readonly Need[]): DesiredRole[] {
  return [...Map.groupBy(needs, ({ registry }) => registry.settings.roleArn)].map(([arn, same]) => {
    const statements = new Map(same.map(statementOf).map((one) => [tokensKey(one), one]))
    const [{ registry: first }] = nonEmpty(same)
    const seconds = same.map(({ registry }) => registry.settings.sessionDurationSeconds ?? 0)
    return {
      arn,
      description: describeMarked(unique(same.map(({ cluster }) => cluster.issuer)), longestDescription),
      marks: unique(same.map(({ cluster }) => markOf(cluster))),
      statements: [...statements.values()],
      policies: unique(same.map(policyName)).flatMap((name) => [name, formerPolicyName(name)]),
      subjectsFrom: subjectsFrom(same),
      maxSessionSeconds: Math.max(3600, ...seconds),
      region: first.settings.stsRegion ?? first.settings.region ?? publicRegion,
    }
  })
}

/** AWS permits 1,000 characters. */
const longestDescription = 1000

function statementOf(need: Need): DesiredStatement {
  const { cluster, subject } = need
  const audience = audienceOf(need)
  return {
    provider: arnOfProvider(need),
    key: providerKey(cluster.issuer),
    subject,
    audience,
    sid: sidOfStatement(markOf(cluster), { subject, audience }),
  }
}

const tokensKey = ({ provider, subject, audience }: DesiredStatement) => JSON.stringify([provider, subject, audience])

/** 64 bits of a hash: names of service accounts whose hashes begin with the same 32 bits are found within seconds. */
const sidDigits = 16
/** Of ids that earlier versions wrote. */
const formerSidDigits = 8

const sidOfStatement = (mark: string, { subject, audience }: Tokens, digits = sidDigits) =>
  `${sidOf(mark)}${digest(`${subject} ${audience}`, digits)}`

/** Whether pullpass gave a statement with this subject and audience its id, for one of these clusters. `key`: of its provider. */
export function isOwnSid(sid: string, marks: readonly string[], { key, ...tokens }: Tokens & { key: string }): boolean {
  const mark = markOf({ issuer: `https://${key}` })
  if (!marks.includes(mark)) return false
  return [sidDigits, formerSidDigits].some((digits) => sid === sidOfStatement(mark, tokens, digits))
}

/** The tokens that a statement accepts. */
export interface Tokens {
  readonly subject: string
  readonly audience: string
}

/** Prefix of the statement ids of a cluster; statement ids contain only letters and digits. */
const sidOf = (mark: string): string => `Pullpass${mark.replace('pullpass:', '')}`

function policiesOf(needs: readonly Need[]): DesiredPolicy[] {
  const named = needs.map((need) => ({ need, role: need.registry.settings.roleArn, name: policyName(need) }))
  return [...Map.groupBy(named, ({ role, name }) => `${role} ${name}`).values()].map((same) => {
    const [{ role, name }] = nonEmpty(same)
    const all = unique(same.flatMap(({ need }) => arnsIn(need)))
    const repositories = all.filter((one) => one !== publicRegistry).toSorted()
    return { role, name, repositories, hasPublic: all.includes(publicRegistry) }
  })
}

/** 64 bits of a hash, as of the ids of statements. */
const policyDigits = 16
/** Of names that earlier versions gave. */
const formerPolicyDigits = 8

const policyName = ({ cluster, document }: Need): string =>
  markedName(markOf(cluster), documentKey(document), policyDigits)

/** The name that earlier versions gave the policy of the same document: with less of the same hash. */
export const formerPolicyName = (name: string): string => name.slice(0, formerPolicyDigits - policyDigits)

const digest = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits)

const arnsIn = (need: Need) =>
  repositoriesOf(need, { missing: 'does not name its repositories', expected: repositoryArn.expected })

function checkNeed(need: Need): void {
  const { registry, document, cluster, subject } = need
  const { assumeRoles } = registry.settings
  if (assumeRoles !== undefined) {
    throw documentInvalid(document.source, `registry ${registry.name} assumes further roles`, {
      expected: 'a registry whose own role pulls: pullpass trust does not configure role chaining',
      hint: 'configure the roles manually; docs/vendors/aws.md shows their policies',
    })
  }
  arnsIn(need)
  const unusable = checkSubject(subject, `${document.kind} ${document.name}`) ?? checkIssuer(cluster)
  if (unusable !== undefined) throw unusable
}

const longestIssuer = 255

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
function checkIssuer({ name, issuer }: TrustedCluster): PullpassError | undefined {
  const { port, hostname } = new URL(issuer)
  const why =
    issuer.length > longestIssuer
      ? `it has ${issuer.length} characters, and AWS accepts ${longestIssuer}`
      : port !== '' && hostname !== '127.0.0.1'
        ? 'it contains a port, which AWS does not accept'
        : undefined
  if (why === undefined) return undefined
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `the issuer of cluster ${name} is ${issuer}: ${why}`,
    expected: 'https://HOST/PATH without a port, of at most 255 characters',
    hint: 'configure another issuer; to print the steps for the distribution',
    command: 'pullpass issuer show',
  })
}
