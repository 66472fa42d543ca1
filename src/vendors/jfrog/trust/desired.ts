/**
 * The desired resources of documents at JFrog: an integration with the cluster's issuer, an identity mapping for each subject, and a
 * permission to read for each document. The user or group exists. Pure.
 */
import { brokenRule } from '../../../document/field-rules.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import {
  checkPublicIssuers,
  clustersOf,
  documentInvalid,
  documentKey,
  nonEmpty,
  unique,
  validRepositoriesOf,
} from '../../trust/needs.ts'
import { integrationName, parseRepository, repositoryOrPath } from '../names.ts'
import type { JfrogSettings } from '../settings.ts'

type Need = TrustNeed<JfrogSettings>

/** The identity of tokens: it exists, and pullpass does not change it. */
export interface Grantee {
  readonly kind: 'user' | 'group'
  readonly name: string
}

export interface DesiredGrantee extends Grantee {
  readonly clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[]
  /** Names of those of these clusters. */
  readonly integrations: readonly string[]
}

export interface DesiredIntegration {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly mark: string
  readonly description: string
}

export interface DesiredMapping {
  readonly integration: DesiredIntegration
  /** Contains the mark. */
  readonly name: string
  /** Of the resource. */
  readonly title: string
  readonly subject: string
  readonly audience: string
  readonly grantee: Grantee
  readonly description: string
  /** Of all mappings of the integration. */
  readonly names: readonly string[]
  readonly subjectsFrom: SubjectsFrom
}

/** Of one document of one cluster, so that documents do not change each other's. */
export interface DesiredPermission {
  /** Contains the mark: JFrog has no description of permissions. */
  readonly name: string
  readonly mark: string
  readonly grantee: Grantee
  /** Sorted; by the key of the repository, the patterns of the paths in it. */
  readonly targets: readonly (readonly [key: string, patterns: readonly string[]])[]
  /** Titles of the mappings that use it. */
  readonly mappings: readonly string[]
}

export interface DesiredState {
  readonly url: string
  readonly grantees: readonly DesiredGrantee[]
  readonly integrations: readonly DesiredIntegration[]
  readonly mappings: readonly DesiredMapping[]
  readonly permissions: readonly DesiredPermission[]
}

/** @throws DOCUMENT_INVALID, USAGE_INVALID, ISSUER_UNUSABLE */
export function desiredState(needs: readonly Need[]): DesiredState {
  const url = platformOf(needs)
  checkPublicIssuers(needs, 'JFrog')
  for (const need of needs) checkNeed(need)
  const integrations = integrationsOf(needs)
  const mappings = integrations.flatMap((integration) => mappingsOf(integration, needs))
  return { url, grantees: granteesOf(needs), integrations, mappings, permissions: permissionsOf(needs, mappings) }
}

/** The operator's token is of one platform. */
function platformOf(needs: readonly Need[]): string {
  const [first = '', ...others] = unique(needs.map(({ registry }) => registry.settings.url))
  if (others.length === 0) return first
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `the documents are of several JFrog platforms: ${[first, ...others].join(', ')}`,
    expected: 'documents of one platform in one run: JFROG_ACCESS_TOKEN is of one',
  })
}

function checkNeed({ document, registry, cluster }: Need): void {
  const { providerName, projectKey } = registry.settings
  const invalid = (seen: string, expected: string, hint?: string) =>
    documentInvalid(document.source, `registry ${registry.name} ${seen}`, { expected, ...(hint && { hint }) })
  const broken = brokenRule(integrationName, providerName)
  if (broken !== undefined) throw invalid(`has the jfrog.providerName ${providerName}`, broken)
  if (projectKey !== undefined) {
    // https://github.com/jfrog/terraform-provider-platform/issues/311
    throw invalid(
      `is in project ${projectKey}`,
      'a registry without jfrog.projectKey: in a project, JFrog maps tokens to roles only',
      'remove it, or configure this integration by hand',
    )
  }
  const patterned = [cluster.issuer, audienceOf(registry)].find((text) => text.includes('*'))
  if (patterned === undefined) return
  throw invalid(
    `uses ${patterned}`,
    'an issuer and an audience without "*", which is a wildcard in an identity mapping',
  )
}

const audienceOf = ({ audience, settings }: Need['registry']) => audience ?? settings.url

/** @throws DOCUMENT_INVALID */
function granteeOf({ document, registry }: Need): Grantee {
  const { username, group } = registry.settings.trust ?? {}
  if (username !== undefined) return { kind: 'user', name: username }
  if (group !== undefined) return { kind: 'group', name: group }
  throw documentInvalid(document.source, `registry ${registry.name} names no user or group`, {
    expected: 'jfrog.trust with repositories, and username or group: the identity of its tokens',
  })
}

const keyOf = ({ kind, name }: Grantee) => `${kind} ${name}`

function granteesOf(needs: readonly Need[]): DesiredGrantee[] {
  return [...Map.groupBy(needs, (need) => keyOf(granteeOf(need)))].map(([, its]) => ({
    ...granteeOf(nonEmpty(its)[0]),
    clusters: clustersOf(its),
    integrations: unique(its.map(({ registry }) => registry.settings.providerName)),
  }))
}

/** JFrog's limit is not documented. */
const longestDescription = 255

function integrationsOf(needs: readonly Need[]): DesiredIntegration[] {
  return [...Map.groupBy(needs, ({ registry }) => registry.settings.providerName)].map(([name, its]) => {
    const [issuer = '', ...others] = unique(its.map(({ cluster }) => cluster.issuer))
    if (others.length > 0) throw integrationShared(name, [issuer, ...others])
    const mark = markOf({ issuer })
    const [audience = ''] = unique(its.map(({ registry }) => audienceOf(registry))).toSorted()
    return { name, issuer, audience, mark, description: describeMarked([issuer], longestDescription) }
  })
}

const integrationShared = (name: string, issuers: readonly string[]) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `integration ${name} is for several clusters: ${issuers.join(', ')}`,
    expected: 'an integration for each cluster: an integration has one issuer',
    hint: 'use a document for each cluster, with its own jfrog.providerName and user or group; or, if the clusters may share these, name their integrations: --share-trust-domain --issuer-id CONTEXT=NAME',
  })

function mappingsOf(integration: DesiredIntegration, needs: readonly Need[]): DesiredMapping[] {
  const own = needs.filter(({ registry }) => registry.settings.providerName === integration.name)
  const byToken = [...Map.groupBy(own, ({ subject, registry }) => `${subject} ${audienceOf(registry)}`).values()]
  const names = byToken.map((its) => mappingName(integration, nonEmpty(its)[0]))
  return byToken.map((its, index) => {
    const [first] = nonEmpty(its)
    const { subject, registry } = first
    const audience = audienceOf(registry)
    const others = byToken.filter(([one]) => one?.subject === subject)
    const title = mappingTitle(integration, subject)
    return {
      integration,
      name: names[index] ?? '',
      title: others.length === 1 ? title : `${title} for ${audience}`,
      subject,
      audience,
      grantee: onlyGrantee(its),
      description: `${integration.mark} ${subject} pulls images`.slice(0, longestDescription),
      names,
      subjectsFrom: subjectsFrom(own),
    }
  })
}

/** A token has one identity. */
function onlyGrantee(needs: readonly Need[]): Grantee {
  const [first] = nonEmpty(needs)
  const other = needs.find((need) => keyOf(granteeOf(need)) !== keyOf(granteeOf(first)))
  if (other === undefined) return granteeOf(first)
  const [one, two] = [keyOf(granteeOf(first)), keyOf(granteeOf(other))]
  throw documentInvalid(
    other.document.source,
    `registry ${other.registry.name} uses the tokens of ${other.subject} as ${two}, and registry ${first.registry.name} as ${one}`,
    { expected: 'one user or group for the tokens of an integration, a service account and an audience' },
  )
}

const mappingName = ({ mark }: DesiredIntegration, { subject, registry }: Need) =>
  markedName(mark, `${subject} ${audienceOf(registry)}`, 12)

const missing = 'does not name the repositories that are pulled'

function permissionsOf(needs: readonly Need[], mappings: readonly DesiredMapping[]): DesiredPermission[] {
  const keyOfNeed = (need: Need) =>
    JSON.stringify([need.cluster.issuer, documentKey(need.document), keyOf(granteeOf(need))])
  return [...Map.groupBy(needs, keyOfNeed)].map(([key, its]) => {
    const [first] = nonEmpty(its)
    const mark = markOf(first.cluster)
    const used = mappings.filter(({ integration, subject, audience }) =>
      its.some(
        (need) =>
          need.registry.settings.providerName === integration.name &&
          need.subject === subject &&
          audienceOf(need.registry) === audience,
      ),
    )
    return {
      name: markedName(mark, key, 12),
      mark,
      grantee: granteeOf(first),
      targets: targetsOf(its.flatMap((need) => validRepositoriesOf(need, missing, repositoryOrPath))),
      mappings: used.map(({ title }) => title),
    }
  })
}

/** All of a repository includes its paths. A path of a permission is a pattern in the style of Ant. */
function targetsOf(names: readonly string[]): DesiredPermission['targets'] {
  const byKey = Map.groupBy(names.map(parseRepository), ({ key }) => key)
  return [...byKey]
    .map(([key, its]): DesiredPermission['targets'][number] => {
      const paths = its.flatMap(({ path }) => path ?? [])
      return [key, paths.length < its.length ? ['**'] : unique(paths.map((path) => `${path}/**`)).toSorted()]
    })
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/** Of resources, in plans. */
export const granteeTitle = ({ kind, name }: Grantee): string => `${kind}s/${name}`
export const integrationTitle = ({ name }: Pick<DesiredIntegration, 'name'>): string => `oidc/${name}`
export const permissionTitle = ({ name }: Pick<DesiredPermission, 'name'>): string => `permissions/${name}`
const mappingTitle = (integration: DesiredIntegration, subject: string) => `${integrationTitle(integration)}/${subject}`
