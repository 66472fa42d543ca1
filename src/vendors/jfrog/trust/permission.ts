/**
 * The permission of a document: its user or group reads exactly its repositories. A permission has no description: its name contains the
 * mark. It does not apply to virtual repositories, which have the permissions of those that they aggregate, and of a remote repository it
 * contains what its cache has.
 * https://jfrog.com/help/r/jfrog-rest-apis/create-permission, https://jfrog.com/help/r/jfrog-platform-administration-documentation/permission-details
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { asList, asObject, type JsonObject } from '../../../text/json-fields.ts'
import { type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { orAbsent } from '../../trust/responses.ts'
import type { DesiredPermission } from './desired.ts'
import { listNames } from './found.ts'
import { changeJfrog, deleteJfrog, type Platform, readJfrog, shownText } from './requests.ts'

interface FoundPermission {
  /** Of repositories, in a form in which equal ones are equal texts. */
  readonly artifact: string
  /** For messages: each user and group, with what it may do. */
  readonly actions: readonly string[]
  /** Kinds of resources besides repositories that it permits anything on, such as `build`. */
  readonly otherKinds: readonly string[]
}

interface FoundRepository {
  readonly key: string
  /** `local`, `remote`, `virtual`, `federated`; undefined: it does not exist. */
  readonly kind: string | undefined
  /** Of a virtual one. */
  readonly aggregates: readonly string[]
}

const permissions = '/access/api/v2/permissions'
const permissionPath = ({ name }: DesiredPermission) => `${permissions}/${name}`

export async function observePermission(desired: DesiredPermission, platform: Platform): Promise<VendorFinding> {
  const found = await readPermission(desired, platform)
  const repositories: FoundRepository[] = []
  for (const [key] of desired.targets) repositories.push(await readRepository(key, platform))
  return evaluatePermission(desired, { found, repositories }, platform)
}

const readPermission = async (desired: DesiredPermission, platform: Platform): Promise<FoundPermission | undefined> =>
  await orAbsent(readJfrog(platform, permissionPath(desired), foundPermission))

/** Artifactory responds with 400 for a repository that does not exist. https://github.com/jfrog/jfrog-client-go, artifactory/services/repository.go */
async function readRepository(key: string, platform: Platform): Promise<FoundRepository> {
  const path = `/artifactory/api/repositories/${encodeURIComponent(key)}`
  const absent = { key, kind: undefined, aggregates: [] }
  try {
    return (await orAbsent(readJfrog(platform, path, (body) => foundRepository(key, body)))) ?? absent
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'TRUST_REFUSED') return absent
    throw fault
  }
}

function foundRepository(key: string, body: unknown): FoundRepository {
  const { rclass, repositories } = asObject(body) ?? {}
  return { key, kind: shownText(rclass), aggregates: asList(repositories).flatMap((one) => shownText(one) || []) }
}

type Names = readonly (readonly [name: string, values: readonly string[]])[]

interface Artifact {
  readonly users: Names
  readonly groups: Names
  readonly targets: readonly (readonly [key: string, include: readonly string[], exclude: readonly string[]])[]
}

const namesIn = (value: unknown): Names =>
  Object.entries(asObject(value) ?? {})
    .map(([name, values]): Names[number] => [name, textsIn(values)])
    .filter(([, values]) => values.length > 0)

const textsIn = (value: unknown) => asList(value).map(shownText).toSorted()

const canonical = ({ users, groups, targets }: Artifact) =>
  JSON.stringify([users, groups, targets].map((all) => all.map((one) => JSON.stringify(one)).toSorted()))

function foundPermission(body: unknown): FoundPermission {
  const resources = asObject(asObject(body)?.['resources']) ?? {}
  const actionsOf = (kind: string) => asObject(asObject(resources[kind])?.['actions']) ?? {}
  const [users, groups] = [namesIn(actionsOf('artifact')['users']), namesIn(actionsOf('artifact')['groups'])]
  const targets = Object.entries(asObject(asObject(resources['artifact'])?.['targets']) ?? {}).map(
    ([key, patterns]): Artifact['targets'][number] => {
      const { include_patterns, exclude_patterns } = asObject(patterns) ?? {}
      return [key, textsIn(include_patterns), textsIn(exclude_patterns)]
    },
  )
  const isUsed = (kind: string) =>
    [actionsOf(kind)['users'], actionsOf(kind)['groups']].some((one) => namesIn(one).length > 0)
  const describe = (kind: string, all: Names) => all.map(([name, actions]) => `${kind} ${name} (${actions.join(', ')})`)
  return {
    artifact: canonical({ users, groups, targets }),
    actions: [...describe('user', users), ...describe('group', groups)],
    otherKinds: Object.keys(resources).filter((kind) => kind !== 'artifact' && isUsed(kind)),
  }
}

function desiredArtifact({ grantee, targets }: DesiredPermission): Artifact {
  const own: Names = [[grantee.name, ['READ']]]
  return {
    users: grantee.kind === 'user' ? own : [],
    groups: grantee.kind === 'group' ? own : [],
    targets: targets.map(([key, patterns]) => [key, patterns, []]),
  }
}

/** As the API has it. */
function toJson({ users, groups, targets }: Artifact): JsonObject {
  const patterns = targets.map(([key, include_patterns, exclude_patterns]) => [
    key,
    { include_patterns, exclude_patterns },
  ])
  const actions = { users: Object.fromEntries(users), groups: Object.fromEntries(groups) }
  return { actions, targets: Object.fromEntries(patterns) }
}

interface PermissionFacts {
  readonly found: FoundPermission | undefined
  readonly repositories: readonly FoundRepository[]
}

function evaluatePermission(
  desired: DesiredPermission,
  { found, repositories }: PermissionFacts,
  platform: Platform,
): VendorFinding {
  const presence = found === undefined ? 'absent' : 'present'
  const fault = repositories.map(whyUnusable).find((one) => one !== undefined)
  if (fault !== undefined) return { presence, verdict: 'refused', fault }
  const notes = [
    ...repositories.flatMap(({ key, kind }) =>
      kind === 'remote' ? [`${key} is a remote repository: only images in its cache can be read`] : [],
    ),
    ...(found?.otherKinds ?? []).map((kind) => `it also permits something on ${kind}, which pullpass did not grant`),
  ]
  if (found === undefined) return { presence, verdict: 'grant', notes, changes: [creation(desired, platform)] }
  const artifact = desiredArtifact(desired)
  if (found.artifact === canonical(artifact)) return { presence, verdict: 'ok', notes }
  return { presence, verdict: 'update', notes, changes: [update(desired, found, platform)] }
}

function whyUnusable({ key, kind, aggregates }: FoundRepository): PullpassError | undefined {
  if (kind === undefined) {
    return trustRefused(`repository ${key} does not exist`, {
      expected: 'an existing repository: pullpass does not create it',
      hint: 'correct jfrog.trust.repositories, or create it',
    })
  }
  if (kind !== 'virtual') return undefined
  return trustRefused(`repository ${key} is a virtual one, to which permissions do not apply`, {
    expected: 'the local, remote or federated repositories that it aggregates',
    hint: `name those of them that are pulled in jfrog.trust.repositories: ${listNames(aggregates) || '(none)'}`,
  })
}

const describeTargets = ({ targets }: DesiredPermission) =>
  targets.map(([key, patterns]) => (patterns.includes('**') ? key : `${key} (${patterns.join(', ')})`)).join(', ')

const describeGrantee = ({ grantee: { kind, name } }: DesiredPermission) => `${kind} ${name}`

const creation = (desired: DesiredPermission, platform: Platform): VendorChange =>
  changeJfrog(
    platform,
    {
      action: 'grant',
      description: `create permission ${desired.name}: ${describeGrantee(desired)} may read ${describeTargets(desired)}`,
    },
    {
      method: 'POST',
      path: permissions,
      json: { name: desired.name, resources: { artifact: toJson(desiredArtifact(desired)) } },
    },
  )

/** It is replaced as a whole, and is pullpass's own: what others added to it is removed. */
const update = (desired: DesiredPermission, { actions }: FoundPermission, platform: Platform): VendorChange =>
  changeJfrog(
    platform,
    {
      action: 'update',
      fields: ['artifact'],
      description: `update permission ${desired.name}: only ${describeGrantee(desired)} may only read ${describeTargets(desired)}; it permits ${listNames(actions) || 'nothing'} now`,
    },
    { method: 'PUT', path: `${permissionPath(desired)}/artifact`, json: toJson(desiredArtifact(desired)) },
  )

/** Its name states that pullpass created it for this cluster. */
export async function planPermissionRemoval(
  desired: DesiredPermission,
  { marks }: RemovalScope,
  platform: Platform,
): Promise<RemovalPlan> {
  const found = await readPermission(desired, platform)
  if (found === undefined) return { state: 'absent' }
  if (!marks.includes(desired.mark)) return { state: 'kept', note: 'it is of another cluster' }
  return {
    state: 'removable',
    async remove() {
      await deleteJfrog(platform, permissionPath(desired))
      return undefined
    },
  }
}
