/**
 * A robot account, whose description carries the mark. Quay creates a password for each robot, which never expires: no request reads
 * it, and the response that contains it is discarded.
 * https://github.com/quay/quay: endpoints/api/robot.py
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { accountOf } from '../../../identity/service-account.ts'
import { asList, asObject, asText } from '../../../text/json-fields.ts'
import { shellQuote } from '../../../text/shell.ts'
import { type Accepted, type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { firstOf, sharingOf } from '../../trust/findings.ts'
import type { VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked, marksIn } from '../../trust/marks.ts'
import { changeByRequest, curlWords, printedForCurl, requestTrust } from '../../trust/token-api.ts'
import { organizationOf } from '../names.ts'
import {
  type DesiredRobot,
  entryResource,
  permissionResource,
  robotPath,
  robotResource,
  robotsPath,
} from './desired.ts'
import { describeEntry, type FoundEntry, isOfClusters, isSame, readFederation } from './federation.ts'
import { apiOf } from './requests.ts'

export interface FoundRobot {
  readonly description: string
  /** `ORGANIZATION/NAME` of those on which it has a permission. */
  readonly repositories: readonly string[]
  readonly teams: readonly string[]
  readonly entries: readonly FoundEntry[]
}

/** Undefined if it does not exist. @throws TRUST_REFUSED if the organization does not exist, TRUST_DENIED, … */
export async function readRobot(context: Context, desired: DesiredRobot): Promise<FoundRobot | undefined> {
  // By the list: the response for one robot contains its password.
  const path = `${robotsPath(desired)}?token=false&permissions=true`
  const found = await requestTrust(context, apiOf(desired), { method: 'GET', path }, (body) =>
    readItem(body, desired.robot),
  ).catch(async (fault: unknown) => {
    throw await whyDenied(context, desired, fault)
  })
  return found === undefined ? undefined : { ...found, entries: await readFederation(context, desired) }
}

function readItem(body: unknown, robot: string): Omit<FoundRobot, 'entries'> | undefined {
  const robots = asObject(body)?.['robots']
  if (!Array.isArray(robots)) throw new UnexpectedResponse('it contains no list of robots')
  const item = robots.map(asObject).find((one) => one?.['name'] === robot)
  if (item === undefined) return undefined
  const texts = (values: readonly unknown[]) => values.flatMap((one) => asText(one)?.slice(0, longestText) ?? [])
  return {
    description: (asText(item['description']) ?? '').slice(0, longestText),
    repositories: texts(asList(item['repositories'])).map((name) => `${organizationOf(robot)}/${name}`),
    teams: texts(asList(item['teams']).map((team) => asObject(team)?.['name'])),
  }
}

const longestText = 512

/** Quay denies also what does not exist, and an organization of that name can be a user. */
async function whyDenied(context: Context, desired: DesiredRobot, fault: unknown): Promise<unknown> {
  if (!(fault instanceof PullpassError) || fault.code !== 'TRUST_DENIED') return fault
  const organization = organizationOf(desired.robot)
  const request = { method: 'GET', path: `/api/v1/organization/${encodeURIComponent(organization)}` } as const
  const read = await requestTrust(context, apiOf(desired), request, () => undefined).catch((error: unknown) => error)
  if (!(read instanceof PullpassError) || read.code !== 'TRUST_NOT_FOUND') return fault
  return trustRefused(`${desired.server} has no organization ${organization}`, {
    expected: 'an existing organization: pullpass trust does not set up the robots of a user',
    hint: 'correct quay.robot; or, for the robot of a user, set its federation and permissions in the console of Quay',
  })
}

/** Pure. */
export function evaluateRobot(
  desired: DesiredRobot,
  found: FoundRobot | undefined,
  { sharing }: Accepted,
  context: Context,
): VendorFinding {
  const others = (found?.entries ?? []).filter((one) => !isOfClusters(desired, one))
  const clusters = others.filter(({ subject }) => accountOf(subject) !== undefined)
  const shared = sharingOf({ name: robotResource(desired), clusters: desired.clusters }, clusters, sharing)
  const { robot, server, description } = desired
  const create = changeByRequest(
    context,
    apiOf(desired),
    { action: 'create', description: `create robot account ${robot} at ${server}` },
    { method: 'PUT', path: robotPath(desired), json: { description }, statuses: [200, 201] },
  )
  const notes = [
    ...(shared.notes ?? []),
    ...(found === undefined ? [] : notesOn(desired, found)),
    ...others.filter((one) => !clusters.includes(one)).map((one) => `${describeEntry(one)} also signs in as it`),
  ]
  const common = { presence: found === undefined ? 'absent' : 'present', ...shared, notes } as const
  if (shared.verdict === 'refused') return { ...common, verdict: 'refused' }
  return found === undefined ? { ...common, verdict: 'create', changes: [create] } : { ...common, verdict: 'ok' }
}

/** What it may do besides, and what else may sign in as it. */
const notesOn = (desired: DesiredRobot, found: FoundRobot): string[] => [
  ...(marksIn(found.description).length > 0 ? [] : [passwordNote(desired)]),
  ...found.repositories
    .filter((name) => !desired.repositories.some((one) => one.name === name))
    .map((name) => `it also has a permission on ${name}`),
  ...found.teams.map((team) => `it also has the permissions of team ${team}`),
]

/** Of a robot that pullpass created, the password was never read. https://docs.quay.io/api/swagger/, regenerateOrgRobotToken */
function passwordNote(desired: DesiredRobot): string {
  const api = apiOf(desired)
  const words = curlWords(api, { method: 'POST', path: `${robotPath(desired)}/regenerate` })
  const command = [printedForCurl(api).tool, ...words.map(shellQuote)].join(' ')
  return `pullpass did not create it: its password, which never expires, can be known elsewhere, and has its permissions; if no pull secret uses it, replace it: ${command}`
}

/** Removable if pullpass created it for one of these clusters, and nothing is left of what it is used for. */
export function planRobotRemoval(
  desired: DesiredRobot,
  found: FoundRobot | undefined,
  { marks, removed }: RemovalScope,
  context: Context,
): RemovalPlan {
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const isRemoved = (entry: FoundEntry) =>
    desired.entries.some((one) => isSame(one, entry) && removed.includes(entryResource(desired, one)))
  const left = [
    ...found.entries.filter((one) => !isRemoved(one)).map((one) => `${describeEntry(one)} signs in as it`),
    ...found.repositories
      .filter((name) => !removed.includes(permissionResource(desired, name)))
      .map((name) => `it has a permission on ${name}`),
    ...found.teams.map((team) => `it is in team ${team}`),
  ]
  if (left.length > 0) return { state: 'kept', note: firstOf(left).join('; ') }
  return {
    state: 'removable',
    async remove() {
      const request = { method: 'DELETE', path: robotPath(desired), statuses: [204] } as const
      await requestTrust(context, apiOf(desired), request, () => undefined)
      return undefined
    },
  }
}
