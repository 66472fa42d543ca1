/** The world of a randomized run: what exists around the controller, how it is disturbed, and what must be true after each disturbance. */

import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { isRecord, type StoredObject } from '../../../sandbox/kubernetes/objects/kubernetes-object.ts'
import type { HttpRequest, HttpResponse, Transport } from '../../../src/http/transport.ts'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { deleteResource, readResource, writeResource } from '../custom-resource.ts'
import { type ControllerTest, type RunningController, startControllerTest } from '../start-test-controller.ts'
import { until } from '../virtual-time.ts'

/** A document of the world: its Secret, and the namespaces that it selects. */
interface Claim {
  /** With `Delete`, its Secret does not stay elsewhere. */
  readonly deletionPolicy?: 'Delete'
  readonly document: string
  readonly secretName: string
  readonly selects: (name: string, labels: Readonly<Record<string, string>>) => boolean
}

const claims: readonly Claim[] = [
  { document: 'ClusterPullSecret/pull', secretName: 'regcred', selects: (name) => name.startsWith('team-') },
  { document: 'ClusterPullSecret/label', secretName: 'labelled', selects: (_, { images }) => images === 'private' },
  {
    document: 'ClusterPullSecret/owner',
    secretName: 'owned',
    selects: (_, { images }) => images === 'private',
    deletionPolicy: 'Delete',
  },
]

export interface World extends ControllerTest {
  /** In the order of their start; a stopped one is removed. */
  readonly running: RunningController[]
  readonly claims: readonly Claim[]
  /** While true, requests to clouds get no response within their time limit. */
  hanging: boolean
  /** Moves the clock of the controllers, and not that of the cluster and the cloud. Seconds. */
  readonly moveClock: (seconds: number) => void
  /** By the clock of the cloud. */
  readonly cloudNow: () => Date
  /** Writes the documents, or what is no document. */
  readonly writeDocuments: (state: 'valid' | 'invalid' | 'absent registries') => Promise<void>
  /** Writes or deletes the custom resource. */
  readonly writeResource: (state: 'valid' | 'invalid' | 'other labels' | 'no namespace' | 'deleted') => Promise<void>
  /** Requests to the token service of the cloud so far, with those that got no response. */
  readonly attempts: () => number
  /** Credentials that the cloud issued. */
  readonly issued: () => number
  /** Changes by others than the controllers: synchronous ones, and those of a promise until it settles. */
  readonly act: <T>(change: () => T) => T
  /** What the controllers wrote and must not: an older credential over a newer one, objects of others. */
  readonly violations: readonly string[]
}

export async function startWorld(t: Pick<TestContext, 'after'>, random: () => number): Promise<World> {
  const order = new Map<string, number>()
  let attempts = 0
  const state = { hanging: false }
  const send = async (request: HttpRequest, transport: Transport): Promise<HttpResponse> => {
    if (request.purpose?.hop === 'exchange') attempts += 1
    if (state.hanging) {
      await world.time.sleep(20_000, request.signal)
      throw Object.assign(new Error('no response'), { code: 'ETIMEDOUT' })
    }
    const response = await transport(request)
    const token = /"accessToken": ?"([^"]+)"/.exec(response.body)?.[1]
    if (token !== undefined) order.set(token, order.size)
    return response
  }
  const started = await startControllerTest(t, {
    namespaces: ['default', 'team-0', 'team-1', 'plain-0'],
    document: bothDocuments,
    random,
    send,
  })
  started.sandbox.cluster.installDefinitions()
  const violations: string[] = []
  const watched = { order, acting: 0, violations }
  watchWrites(started.sandbox, watched)
  let aheadMs = 0
  const { sandbox, time } = started
  const world: World = Object.assign(state, {
    ...started,
    running: [],
    claims,
    violations,
    act<T>(change: () => T): T {
      watched.acting += 1
      const end = () => {
        watched.acting -= 1
      }
      const result = change()
      if (result instanceof Promise) result.finally(end).catch(() => undefined)
      else end()
      return result
    },
    moveClock(seconds: number) {
      aheadMs += seconds * 1000
      time.set(new Date(time.now().getTime() + seconds * 1000).toISOString())
      sandbox.clock.advance(`${-seconds} s`)
    },
    cloudNow: () => new Date(time.now().getTime() - aheadMs),
    writeDocuments: async (content: 'valid' | 'invalid' | 'absent registries') => {
      const text = bothDocuments(sandbox)
      const written = {
        valid: text,
        invalid: `${text}  surprise: 1\n`,
        'absent registries': text.slice(0, text.length / 4),
      }
      await sandbox.write('pull.yaml', written[content])
    },
    writeResource: async (content: Parameters<World['writeResource']>[0]) => {
      if (content === 'deleted') {
        if (readResource(sandbox, 'owner') !== undefined)
          await world.act(async () => await deleteResource(sandbox, 'owner'))
        return
      }
      const images = { valid: 'private', invalid: 'private', 'other labels': 'public', 'no namespace': 'none' }[content]
      const namespaces = { selector: { matchLabels: { images } } }
      const spec = { secretName: 'owned', deletionPolicy: 'Delete', namespaces }
      const account = content === 'invalid' ? { serviceAccountRef: undefined } : {}
      writeResource(sandbox, { name: 'owner', spec: { ...spec, ...account } })
    },
    attempts: () => attempts,
    issued: () => order.size,
  })
  await world.writeResource('valid')
  return world
}

const bothDocuments = (sandbox: TestSandbox): string => {
  const direct = { direct: { host: 'us-docker.pkg.dev' } }
  const labelled = documentText(sandbox, { name: 'label', registries: direct })
    .replace('secretName: regcred', 'secretName: labelled')
    .replace(/namespaces: .*/, 'namespaces: {selector: {matchLabels: {images: private}}}')
  return `${documentText(sandbox, { include: ['team-*'] })}---\n${labelled}`
}

interface Watched {
  /** Of the credentials, by the time at which the cloud issued them. */
  readonly order: ReadonlyMap<string, number>
  acting: number
  readonly violations: string[]
}

const guarded = new Set(['Secret', 'ConfigMap', 'ServiceAccount', 'Namespace'])

function watchWrites({ cluster }: TestSandbox, watched: Watched): void {
  cluster.store.emitter.on('change', ({ type, object, before }) => {
    if (!guarded.has(object.kind) || watched.acting > 0) return
    const { namespace = '', name } = object.metadata
    const what = `${type} ${object.kind} ${namespace}/${name}`
    const isDeletion = type === 'DELETED' && !isToBeDeleted(cluster, object)
    if (isDeletion || !isOurs(before ?? object)) watched.violations.push(`the controller wrote ${what}`)
    const [older, newer] = [before, object].map((secret) => watched.order.get(tokenIn(secret) ?? ''))
    if (older !== undefined && newer !== undefined && newer < older)
      watched.violations.push(`credential ${older} was replaced by ${newer}: ${what}`)
  })
}

/**
 * Only of the custom resource, where it does not select the namespace; or by the garbage collector of the cluster, where the owner is
 * a former custom resource of the name.
 */
function isToBeDeleted({ store }: TestSandbox['cluster'], { kind, metadata }: StoredObject): boolean {
  const labels = store.read('Namespace', '', metadata.namespace ?? '')?.metadata.labels ?? {}
  const resource = store.read('ClusterPullSecret', '', 'owner')
  const text = JSON.stringify(resource?.['spec']) ?? ''
  const isSelected = text.includes(`"images":"${labels['images']}"`)
  const [owner] = metadata.ownerReferences ?? []
  const isOwned = kind === 'Secret' && metadata.name === 'owned' && owner?.name === 'owner'
  return isOwned && (!isSelected || owner.uid !== resource?.metadata.uid)
}

const isOurs = ({ metadata: { managedFields = [] } }: StoredObject): boolean =>
  managedFields.some(({ manager }) => manager.startsWith('pullpass:'))

function tokenIn(secret: object | undefined): string | undefined {
  const data =
    secret !== undefined && 'data' in secret && isRecord(secret.data) ? secret.data['.dockerconfigjson'] : undefined
  if (typeof data !== 'string') return undefined
  const auth = /"auth": ?"([^"]+)"/.exec(Buffer.from(data, 'base64').toString())?.[1] ?? ''
  return Buffer.from(auth, 'base64')
    .toString()
    .replace(/^[^:]*:/, '')
}

/** Until no replica has work, and no request was received for some time. */
export async function settle({ running, sandbox }: World): Promise<void> {
  const count = () => sandbox.parts.kubernetes.seen.length + sandbox.gcp.parts.sts.seen.length
  let before = -1
  await until('the queue', async () => {
    const now = count()
    const idle = running.every(({ metric }) => metric('queue_depth') === 0) && now === before
    before = now
    if (!idle) await wait(2)
    return idle
  })
}

/** Every Secret that should exist is valid, or in its place is one of another owner, which is reported. */
export function faultsOf(world: World): string[] {
  const { sandbox, claims: all, violations, running } = world
  const log = running.flatMap(({ logged }) => logged).join('\n')
  const selectsAny = (selects: Claim['selects']) =>
    sandbox.cluster.store.list('Namespace').some(({ metadata: { name, labels = {} } }) => selects(name, labels))
  const found = sandbox.cluster.store.list('Namespace').flatMap(({ metadata: { name, labels = {} } }) =>
    all.flatMap(({ secretName, selects, deletionPolicy }) => {
      const where = `${name}/${secretName}`
      const secret = readPullSecret(sandbox, name, secretName)
      if (!selects(name, labels)) {
        const isLeft = deletionPolicy === 'Delete' && secret !== undefined && selectsAny(selects) && isOnlyOurs(secret)
        return isLeft ? [`${where} was not deleted`] : []
      }
      if (secret === undefined) return [`${where} is absent`]
      const code = isOfAnother(secret) ? 'SECRET_NOT_OURS' : 'SECRET_IMMUTABLE'
      if (isOfAnother(secret) || isImmutable(sandbox, name, secretName))
        return log.includes(code) ? [] : [`${where} cannot be written, and ${code} is not reported`]
      const [auth = ''] = Object.values(secret.auths)
      const holder = sandbox.gcp.holderOf(auth.replace(/^[^:]*:/, ''))
      return holder === undefined ? [`${where} is not valid: ${JSON.stringify(secret.annotations)}`] : []
    }),
  )
  return [...found, ...violations]
}

const isImmutable = ({ cluster }: TestSandbox, namespace: string, name: string): boolean =>
  cluster.store.read('Secret', namespace, name)?.['immutable'] === true

const isOnlyOurs = ({ managers }: { managers: readonly string[] }): boolean =>
  managers.every((manager) => manager === 'pullpass:ClusterPullSecret:owner')

const isOfAnother = ({ managers }: { managers: readonly string[] }): boolean => managers.includes('another-tool')
