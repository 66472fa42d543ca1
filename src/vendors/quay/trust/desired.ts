/**
 * The desired resources of documents at Quay: the robot accounts that they name, a federation entry for each issuer and subject, and
 * permission to read each repository. Pure.
 */
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked } from '../../trust/marks.ts'
import {
  checkPublicIssuers,
  clustersOf,
  documentInvalid,
  groupByRepository,
  nonEmpty,
  repositoriesOf,
  unique,
} from '../../trust/needs.ts'
import { isOfOrganization, organizationOf, repositoryName, shortNameOf } from '../names.ts'
import type { QuaySettings } from '../settings.ts'

export interface DesiredRobot {
  /** Origin of the server. */
  readonly server: string
  /** `ORGANIZATION+ROBOT`. */
  readonly robot: string
  readonly clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[]
  /** Begins with the marks of the clusters. */
  readonly description: string
  readonly entries: readonly DesiredEntry[]
  readonly subjectsFrom: SubjectsFrom
  /** `ORGANIZATION/NAME`, in order. */
  readonly repositories: readonly DesiredRepository[]
  /** `several`: of these documents. */
  readonly servers: 'one' | 'several'
}

/** An entry of the robot's federation: tokens of exactly this issuer and subject sign in as the robot. */
export interface DesiredEntry {
  readonly issuer: string
  readonly subject: string
}

interface DesiredRepository {
  readonly name: string
  /** Of the ServiceAccounts that need it: its permission is recorded in each. */
  readonly namespaces: readonly string[]
}

type QuayNeed = TrustNeed<QuaySettings>

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, USAGE_INVALID */
export function desiredRobots(needs: readonly QuayNeed[]): DesiredRobot[] {
  checkPublicIssuers(needs, 'Quay')
  const servers = unique(needs.map(({ registry }) => registry.settings.endpoint)).length === 1 ? 'one' : 'several'
  const byRobot = Map.groupBy(needs, ({ registry: { settings } }) => `${settings.endpoint} ${settings.robot}`)
  return [...byRobot.values()].map((its) => robotFor(nonEmpty(its), servers))
}

/** Of the API, in characters. */
const longestDescription = 255

function robotFor(needs: readonly [QuayNeed, ...QuayNeed[]], servers: DesiredRobot['servers']): DesiredRobot {
  const { endpoint: server, robot } = needs[0].registry.settings
  const clusters = clustersOf(needs)
  const entries = new Map(
    needs.map(({ cluster: { issuer }, subject }) => [`${issuer} ${subject}`, { issuer, subject }]),
  )
  const repositories = groupByRepository(needs, namesIn)
  const issuers = clusters.map(({ issuer }) => issuer)
  return {
    server,
    robot,
    clusters,
    description: describeMarked(issuers, longestDescription),
    entries: [...entries.values()],
    subjectsFrom: subjectsFrom(needs),
    repositories: repositories.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    servers,
  }
}

/** @throws DOCUMENT_INVALID */
function namesIn(need: QuayNeed): string[] {
  const { document, registry } = need
  const { robot } = registry.settings
  const expected = `${organizationOf(robot)}/NAME`
  const names = repositoriesOf(need, { missing: 'does not name the repositories that are pulled', expected })
  const invalid = names.find((name) => !repositoryName.pattern.test(name) || !isOfOrganization(name, robot))
  if (invalid === undefined) return names
  throw documentInvalid(
    document.source,
    `registry ${registry.name} reads ${invalid}, which is not a repository of the organization of its robot`,
    { expected: `${expected}: a robot has permissions only in its own organization` },
  )
}

// Names of resources, in plans, and of their paths.

/** Unique in a run, which can have several servers. */
export const robotResource = ({ server, robot }: Pick<DesiredRobot, 'server' | 'robot'>): string =>
  `${new URL(server).host}/${robot}`

export const entryResource = (robot: DesiredRobot, { issuer, subject }: DesiredEntry): string =>
  `${subject} of ${issuer} as ${robotResource(robot)}`

export const permissionResource = (robot: DesiredRobot, repository: string): string =>
  `read ${repository} as ${robotResource(robot)}`

export const robotsPath = ({ robot }: Pick<DesiredRobot, 'robot'>): string =>
  `/api/v1/organization/${encodeURIComponent(organizationOf(robot))}/robots`

export const robotPath = ({ robot }: Pick<DesiredRobot, 'robot'>): string =>
  `${robotsPath({ robot })}/${encodeURIComponent(shortNameOf(robot))}`
