/**
 * The desired resources of documents at Cloudsmith: the service accounts that they name, an OpenID Connect provider for each issuer,
 * subject and audience, and a privilege on each repository. Pure.
 */
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import {
  checkPublicIssuers,
  clustersOf,
  documentInvalid,
  groupByRepository,
  nonEmpty,
  repositoriesOf,
  unique,
} from '../../trust/needs.ts'
import { parseRepository, repositories } from '../names.ts'
import type { CloudsmithSettings } from '../settings.ts'

type Need = TrustNeed<CloudsmithSettings>

export interface Organization {
  /** Its slug. */
  readonly organization: string
  /** Origin of the API. */
  readonly endpoint: string
}

export interface DesiredService extends Organization {
  /** Its slug, which Cloudsmith derives from the name. */
  readonly slug: string
  readonly description: string
  readonly clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[]
  /** Through which the documents sign in as it. */
  readonly providers: readonly DesiredProvider[]
  readonly subjectsFrom: SubjectsFrom
}

/** Its claims are those of the tokens of one subject for one audience: a claim has one value. */
export interface DesiredProvider extends Organization {
  /** Contains the mark of the cluster: a provider has no description. */
  readonly name: string
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  /**
   * All service accounts of the documents as which the subject signs in, in order: which one of several providers with the same claims
   * Cloudsmith uses is not documented.
   */
  readonly services: readonly string[]
}

export interface DesiredPrivilege {
  readonly service: DesiredService
  /** Its slug. */
  readonly repository: string
  /** Of the ServiceAccounts that need it: it is recorded in each. */
  readonly namespaces: readonly string[]
  /** `several`: further service accounts of the documents pull from it. */
  readonly services: 'one' | 'several'
}

export interface DesiredState {
  readonly services: readonly DesiredService[]
  readonly providers: readonly DesiredProvider[]
  readonly privileges: readonly DesiredPrivilege[]
}

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, USAGE_INVALID */
export function desiredState(needs: readonly Need[]): DesiredState {
  checkPublicIssuers(needs, 'Cloudsmith')
  for (const need of needs) checkNeed(need)
  const byOrganization = Map.groupBy(needs, ({ registry }) => registry.settings.organization)
  const providers = [...byOrganization.values()].flatMap(providersOf)
  const byService = Map.groupBy(needs, ({ registry: { settings } }) => `${settings.organization}/${settings.service}`)
  const services = [...byService.values()].map((its) => ({ its, service: serviceOf(its, providers) }))
  const privileges = services.flatMap(({ its, service }) => privilegesOf(service, its))
  const isOnly = (one: (typeof privileges)[number]) =>
    privileges.filter((other) => isSamePlace(one, other)).length === 1
  return {
    services: services.map(({ service }) => service),
    providers,
    privileges: privileges.map((one) => ({ ...one, services: isOnly(one) ? 'one' : 'several' })),
  }
}

const isSamePlace = (one: Omit<DesiredPrivilege, 'services'>, other: Omit<DesiredPrivilege, 'services'>) =>
  one.repository === other.repository && one.service.organization === other.service.organization

/** @throws DOCUMENT_INVALID */
function checkNeed({ registry, document }: Need): void {
  const audience = audienceOf(registry)
  if (!audience.endsWith('*')) return
  throw documentInvalid(document.source, `registry ${registry.name} has the audience ${audience}`, {
    expected: 'an audience without "*" at its end: Cloudsmith takes a claim that ends in it as a prefix',
  })
}

const audienceOf = ({ audience, settings }: Need['registry']) => audience ?? settings.endpoint

function organizationOf(needs: readonly Need[]): Organization {
  const [{ document, registry }] = nonEmpty(needs)
  const { organization, endpoint } = registry.settings
  const other = needs.find((one) => one.registry.settings.endpoint !== endpoint)
  if (other === undefined) return { organization, endpoint }
  const seen = `organization ${organization} has the endpoints ${endpoint} and ${other.registry.settings.endpoint}`
  throw documentInvalid(document.source, seen, { expected: 'one endpoint for an organization' })
}

function providersOf(needs: readonly Need[]): DesiredProvider[] {
  const at = organizationOf(needs)
  const byClaims = Map.groupBy(needs, ({ cluster, subject, registry }) =>
    JSON.stringify([cluster.issuer, subject, audienceOf(registry)]),
  )
  return [...byClaims.values()].map((its) => {
    const [{ cluster, subject, registry }] = nonEmpty(its)
    const audience = audienceOf(registry)
    const services = unique(its.map(({ registry: { settings } }) => settings.service)).toSorted()
    return {
      ...at,
      name: providerName(cluster, subject, audience),
      issuer: cluster.issuer,
      subject,
      audience,
      services,
    }
  })
}

const providerName = (cluster: Pick<TrustedCluster, 'issuer'>, subject: string, audience: string) =>
  markedName(markOf(cluster), JSON.stringify([subject, audience]), 12)

/** Of the Terraform provider; the API permits 1024 characters. */
const longestDescription = 140

function serviceOf(needs: readonly Need[], providers: readonly DesiredProvider[]): DesiredService {
  const [{ registry }] = nonEmpty(needs)
  const { organization, service: slug } = registry.settings
  const clusters = clustersOf(needs)
  const issuers = clusters.map(({ issuer }) => issuer)
  return {
    ...organizationOf(needs),
    slug,
    description: describeMarked(issuers, longestDescription),
    clusters,
    providers: providers.filter((one) => one.organization === organization && one.services.includes(slug)),
    subjectsFrom: subjectsFrom(needs),
  }
}

/** @throws DOCUMENT_INVALID */
const privilegesOf = (service: DesiredService, needs: readonly Need[]): Omit<DesiredPrivilege, 'services'>[] =>
  groupByRepository(needs, slugsIn).map(({ name, namespaces }) => ({ service, repository: name, namespaces }))

/** @throws DOCUMENT_INVALID */
function slugsIn(need: Need): string[] {
  const { document, registry } = need
  const { organization } = registry.settings
  const { expected } = repositories
  const names = repositoriesOf(need, { missing: 'does not name the repositories that are pulled', expected })
  const other = names.find((name) => parseRepository(name).organization !== organization)
  if (other === undefined) return names.map((name) => parseRepository(name).repository)
  throw documentInvalid(document.source, `registry ${registry.name} names the repository ${other}`, {
    expected: `a repository of ${organization}, its organization`,
  })
}

/** Of resources, in plans. */
export const serviceName = ({ organization, slug }: Pick<DesiredService, 'organization' | 'slug'>): string =>
  `${organization}/${slug}`
export const providerResourceName = ({ organization, name }: Pick<DesiredProvider, 'organization' | 'name'>): string =>
  `${organization}/${name}`
export const privilegeName = ({ service, repository }: Pick<DesiredPrivilege, 'service' | 'repository'>): string =>
  `read ${service.organization}/${repository} as ${serviceName(service)}`
