/** Trust at Quay: a robot account, the entries of its federation, and permission to read each repository. */
import type { Context } from '../../../http/context.ts'
import type { ImageReference } from '../../../registry/image-reference.ts'
import { tokenIn } from '../../operator.ts'
import { identityOfDocument, type TrustResource, type TrustSetup } from '../../trust/contract.ts'
import { markedResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { printedForCurl } from '../../trust/token-api.ts'
import { repositoryName, repositoryNames } from '../names.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { QuaySettings } from '../settings.ts'
import {
  type DesiredEntry,
  type DesiredRobot,
  desiredRobots,
  entryResource,
  permissionResource,
  robotResource,
} from './desired.ts'
import { entryRecord, evaluateEntry, planEntryRemoval } from './federation.ts'
import {
  type DesiredPermission,
  evaluatePermission,
  permissionRecord,
  planPermissionRemoval,
  readRole,
} from './permission.ts'
import { apiOf } from './requests.ts'
import { evaluateRobot, planRobotRemoval, readRobot } from './robot.ts'
import { noHcl, robotHcl } from './terraform.ts'

export const trust: TrustSetup<QuaySettings> = {
  repositories: {
    rule: repositoryNames,
    ofImage: repositoryOfImage,
    imageIn: (repositories) => splitRepositories(repositories)[0] ?? '',
  },

  ...identityOfDocument,

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({ ...settings, trust: { repositories: splitRepositories(names) } }),

  desired(needs) {
    const robots = desiredRobots(needs)
    return {
      open: (context) => ({
        signIn: async () => void tokenIn(context.environment, operatorToken),
        resources: quayResources(robots, context),
      }),
    }
  },
}

/** A server has any host: `configured` is of the same one. */
function repositoryOfImage({ host, repository }: Pick<ImageReference, 'host' | 'repository'>, configured?: string) {
  if (configured === undefined && host !== 'quay.io') return undefined
  if (!repositoryName.pattern.test(repository)) return undefined
  return configured !== undefined && splitRepositories(configured).includes(repository) ? configured : repository
}

/** The resources of robots, in the order of their creation. @internal */
export const quayResources = (robots: readonly DesiredRobot[], context: Context): TrustResource[] =>
  robots.flatMap((desired) => [
    robotOf(desired, context),
    ...desired.entries.map((entry) => entryOf(entry, desired, context)),
    ...desired.repositories.map(({ name }) => permissionOf({ robot: desired, repository: name }, context)),
  ])

type Marked = Parameters<typeof markedResource>[0]

const common = (desired: DesiredRobot): Pick<Marked, 'vendor' | 'tool' | 'scriptLine' | 'hcl'> => ({
  vendor: 'quay',
  ...printedForCurl(apiOf(desired)),
  hcl: () => noHcl(desired),
})

function robotOf(desired: DesiredRobot, context: Context): TrustResource {
  const resource: Marked = {
    ...common(desired),
    kind: 'robot account',
    name: robotResource(desired),
    needs: [],
    async observe(accepted) {
      const found = await readRobot(context, desired)
      const finding = evaluateRobot(desired, found, accepted, context)
      return { ...finding, hcl: robotHcl(desired, found)(finding.presence) }
    },
    planRemoval: async (scope) => planRobotRemoval(desired, await readRobot(context, desired), scope, context),
  }
  return markedResource(resource, context)
}

function entryOf(entry: DesiredEntry, desired: DesiredRobot, context: Context): TrustResource {
  const read = async () => ({ desired, found: (await readRobot(context, desired))?.entries ?? [] })
  const resource: Marked = {
    ...common(desired),
    kind: 'federation entry',
    name: entryResource(desired, entry),
    entry: entryRecord(desired, entry),
    needs: [robotResource(desired)],
    observe: async (accepted) => evaluateEntry(entry, await read(), accepted, context),
    planRemoval: async () => planEntryRemoval(entry, await read(), context),
  }
  return markedResource(resource, context)
}

function permissionOf(desired: DesiredPermission, context: Context): TrustResource {
  const { robot, repository } = desired
  const resource: Marked = {
    ...common(robot),
    kind: 'permission',
    name: permissionResource(robot, repository),
    entry: permissionRecord(desired),
    needs: [robotResource(robot), ...robot.entries.map((entry) => entryResource(robot, entry))],
    observe: async (accepted) => evaluatePermission(desired, await readRole(context, desired), accepted, context),
    async planRemoval() {
      const found = await readRobot(context, robot)
      if (found === undefined) return { state: 'absent' }
      return planPermissionRemoval(desired, await readRole(context, desired), found.entries, context)
    },
  }
  return markedResource(resource, context)
}
