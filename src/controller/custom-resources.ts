/**
 * ClusterPullSecrets and PullSecrets of the cluster as documents. Each definition is optional:
 *
 *   not served ──▶ every 10 s: is it served? ──▶ list and watch ──▶ each object: document, or why it has none
 *        ▲                                             │
 *        └── 404: the definition was deleted ◀─────────┘ known objects stay until they are listed again
 *
 * An object that becomes invalid keeps its last valid document, as long as this process runs.
 */
import { clusterPullSecretType, pullSecretType, type ResourceType } from '../document/custom-resource.ts'
import { documentName } from '../document/document.ts'
import { documentOfResource } from '../document/read-documents.ts'
import { described, faultFields, internalFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { readStatus } from '../kubernetes/connection/api-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readResponse } from '../kubernetes/connection/response.ts'
import { collectionPath } from '../kubernetes/objects/api-object.ts'
import { listPages } from '../kubernetes/objects/list.ts'
import { type CollectionEvent, type WatchContext, watchCollection } from '../kubernetes/objects/watch.ts'
import { asList, asObject, asText, type JsonObject } from '../text/json-fields.ts'
import { type ControlledDocument, controlDocuments, type LoadContext } from './documents.ts'
import { checkPermitted, largestTenantSpec, specTooLarge, type TenantLimits } from './tenants/limits.ts'
import { Places } from './tenants/places.ts'

export interface CustomResource {
  readonly type: ResourceType
  /** Its name among all documents: `ClusterPullSecret/NAME`, `PullSecret/NAMESPACE/NAME`. */
  readonly document: string
  readonly name: string
  /** Absent: it is cluster-scoped. */
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  /** RFC 3339. */
  readonly createdAt: string
  /** Whether its deletion was requested, and whether the Secrets that it owns are to stay: `kubectl delete --cascade=orphan`. */
  readonly deletion: 'none' | 'background' | 'orphan'
  /** As it is stored, not validated. */
  readonly status: JsonObject
  /** Its last valid version. */
  readonly controlled: ControlledDocument | undefined
  /** Why the current version is not valid. */
  readonly fault: PullpassError | undefined
  /** Its namespace has more than are used. */
  readonly unused?: true
}

const groupPath = ({ group, version }: ResourceType): string => `/apis/${group}/${version}`

const listOf = (type: ResourceType) =>
  ({
    path: collectionPath(type),
    accept: 'application/json',
    call: { verb: 'list', resource: type.resource, group: type.group },
    ...(type.scope === 'Namespaced' && { maxItems: Number.POSITIVE_INFINITY }), // each namespace has its limit
  }) as const

/** How often it is checked whether the definition was installed. Milliseconds. */
const recheckMs = 10_000

interface StoredResource
  extends Pick<CustomResource, 'document' | 'name' | 'namespace' | 'uid' | 'generation' | 'createdAt' | 'deletion'> {
  readonly object: JsonObject
}

export type ResourceWatch = (watching: WatchContext) => AsyncGenerator<CollectionEvent<CustomResource>, never>

/** The objects of one kind that are watched. */
interface WatchedResources {
  readonly type: ResourceType
  /** Of PullSecrets, which tenants write. */
  readonly limits?: TenantLimits
  /** Level of the message that they are not defined. */
  readonly whenAbsent: 'warn' | 'debug'
}

/** Of the objects that were read, which are kept. */
function createReader({ type, limits }: WatchedResources, context: LoadContext & Pick<Context, 'log'>) {
  const known = new Map<string, CustomResource>()
  const places = new Places()

  function keep(item: JsonObject): StoredResource | undefined {
    const { namespace, document } = identityOf(type, item)
    return namespace === undefined || places.admits(namespace, document) ? storedResource(type, item) : undefined
  }

  /** Undefined: nothing of it is kept. */
  async function read(stored: StoredResource): Promise<CustomResource | undefined> {
    const { namespace, document } = stored
    const unused = namespace === undefined ? undefined : places.use(namespace, document)
    if (unused !== undefined) return unusedResource(stored, { type, fault: unused }, places)
    const before = known.get(document)
    const one = await resourceOf(stored, { type, before, limits }, context)
    known.set(document, one)
    if (one.fault !== undefined && one.fault !== before?.fault) reportInvalid(one, one.fault, context)
    return one
  }

  function forget({ document, namespace = '' }: Pick<StoredResource, 'document' | 'namespace'>): void {
    known.delete(document)
    places.release(namespace, document)
  }

  async function readAll(stored: readonly StoredResource[]): Promise<CustomResource[]> {
    const documents = new Set(stored.map(({ document }) => document))
    for (const one of known.values()) if (!documents.has(one.document)) forget(one)
    places.listed()
    const items: CustomResource[] = []
    for (const one of stored) {
      const item = await read(one)
      if (item !== undefined) items.push(item)
    }
    return items
  }

  async function* readEvent(event: Exclude<CollectionEvent<StoredResource>, { type: 'listed' }>) {
    const { namespace = '', document } = event.item
    const wasKept = known.has(document) || places.isWaiting(namespace, document)
    const item = await read(event.item)
    if (event.type === 'deleted') forget(event.item)
    if (item !== undefined) yield { type: event.type, item }
    else if (wasKept) yield { type: 'deleted' as const, item: removedResource(event.item, type) }
  }

  return { known, keep, readAll, readEvent, admitted: () => places.admitted() }
}

/** Starts a watch each time that it is called; what earlier ones read is kept. */
function createResourceWatch(
  cluster: Cluster,
  watched: WatchedResources,
  context: LoadContext & Pick<Context, 'log'>,
): ResourceWatch {
  const { type, whenAbsent } = watched
  const { known, keep, readAll, readEvent, admitted } = createReader(watched, context)
  return async function* watchResources(watching) {
    const { log, sleep, signal } = watching
    for (let state: 'unknown' | 'served' | 'absent' = 'unknown'; ; ) {
      while (!(await isServed(cluster, type))) {
        if (state !== 'absent') {
          log(whenAbsent, `${type.kind}s are not defined in this cluster`, { fix: installFix })
          yield { type: 'listed', items: [...known.values()] } // those that were not seen deleted stay
        }
        state = 'absent'
        await sleep(recheckMs, signal)
      }
      state = 'served'
      admitted()
      try {
        for await (const event of watchCollection(cluster, listOf(type), keep, watching)) {
          admitted()
          if (event.type === 'listed') yield { type: 'listed', items: await readAll(event.items) }
          else yield* readEvent(event)
        }
      } catch (error) {
        if (await isServed(cluster, type)) throw error
      }
    }
  }
}

/** Tenants can write any number of invalid ones, and read the status. */
function reportInvalid(
  { type, document, controlled }: CustomResource,
  fault: PullpassError,
  { log }: Pick<Context, 'log'>,
): void {
  const used = controlled === undefined ? 'no version of it' : 'its last valid version'
  const fields = { used, document, ...faultFields(fault) }
  if (type.scope === 'Namespaced') log('debug', 'a PullSecret is invalid', fields)
  else log('error', 'a ClusterPullSecret is invalid', fields)
}

const installFix = 'to use them: pullpass manifests crds | kubectl apply --server-side -f -'

interface WatchedKinds {
  readonly cluster: Cluster
  readonly files: readonly string[]
  readonly customResources: 'used' | 'ignored'
  readonly tenants?: TenantLimits | undefined
}

/** Of both kinds. */
export function watchBothKinds(
  { files, customResources, tenants, cluster }: WatchedKinds,
  context: LoadContext & Pick<Context, 'log'>,
): { readonly resources: ResourceWatch; readonly tenants: ResourceWatch } {
  const whenAbsent = files.length === 0 ? 'warn' : 'debug'
  const watch = (watched: WatchedResources) => createResourceWatch(cluster, watched, context)
  return {
    resources: customResources === 'ignored' ? ignoreResources : watch({ type: clusterPullSecretType, whenAbsent }),
    tenants:
      tenants === undefined ? ignoreResources : watch({ type: pullSecretType, limits: tenants, whenAbsent: 'warn' }),
  }
}

/** For a controller without custom resources: there are none, and no permission is needed. */
async function* ignoreResources({
  sleep,
  signal,
}: Pick<WatchContext, 'sleep' | 'signal'>): AsyncGenerator<CollectionEvent<CustomResource>, never> {
  yield { type: 'listed', items: [] }
  for (;;) await sleep(unusedMs, signal)
}

/** Any time. Milliseconds. */
const unusedMs = 3_600_000

/** By discovery, which every account may read. @throws KUBERNETES_REFUSED, KUBERNETES_UNREACHABLE */
async function isServed(cluster: Cluster, type: ResourceType): Promise<boolean> {
  const response = await cluster.request({ method: 'GET', path: groupPath(type), accept: 'application/json' })
  if (response.status === 404) return false
  if (response.status !== 200) throw readStatus(cluster, response, { verb: 'get', resource: 'apis' })
  const { resources } = readResponse(cluster, response)
  return asList(resources).some((one) => asText(asObject(one)?.['name']) === type.resource)
}

function identityOf({ kind, scope }: ResourceType, { metadata }: JsonObject) {
  const { name: givenName, namespace: givenNamespace } = asObject(metadata) ?? {}
  const name = asText(givenName) ?? ''
  const identity = scope === 'Namespaced' ? { name, namespace: asText(givenNamespace) ?? '' } : { name }
  return { ...identity, document: documentName({ kind, ...identity }) }
}

/** Ownership of fields is discarded immediately, and so is a spec that is too large to be kept. */
function storedResource(type: ResourceType, item: JsonObject): StoredResource {
  const metadata = asObject(item['metadata']) ?? {}
  const { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = metadata
  const cascade = asList(metadata['finalizers']).includes('orphan') ? 'orphan' : 'background'
  const identity = identityOf(type, item)
  const { name, namespace } = identity
  const isLarge = namespace !== undefined && JSON.stringify(item['spec'] ?? null).length > largestTenantSpec
  return {
    object: {
      metadata: { name, namespace, uid, resourceVersion },
      spec: isLarge ? tooLarge : item['spec'],
      status: item['status'],
    },
    ...identity,
    uid: asText(uid) ?? '',
    generation: typeof generation === 'number' ? generation : 0,
    createdAt: asText(creationTimestamp) ?? '',
    deletion: deletionTimestamp === undefined ? 'none' : cascade,
  }
}

/** Reads it again: whether the API server has exactly this version, and no request to delete it. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function isCurrent({ type, name, uid, generation }: CustomResource, cluster: Cluster): Promise<boolean> {
  const named = { ...listOf(type), fieldSelector: `metadata.name=${name}` }
  const found = await listPages(cluster, named, (item) => storedResource(type, item))
  return found.some((one) => one.uid === uid && one.generation === generation && one.deletion === 'none')
}

const tooLarge = Symbol('a spec that is too large')

interface ReadResource {
  readonly type: ResourceType
  readonly before: CustomResource | undefined
  readonly limits: TenantLimits | undefined
}

/** Until its status states it; undefined: it does, or too many wait for theirs. */
function unusedResource(
  stored: StoredResource,
  { type, fault }: { readonly type: ResourceType; readonly fault: PullpassError },
  places: Places,
): CustomResource | undefined {
  const { document, namespace = '', generation } = stored
  const status = asObject(stored.object['status']) ?? {}
  const messages = asList(status['conditions']).map((one) => asObject(one)?.['message'])
  const isReported = status['observedGeneration'] === generation && messages.includes(described(fault))
  if (isReported) places.endWait(namespace, document)
  return isReported || !places.wait(namespace, document)
    ? undefined
    : { ...removedResource(stored, type), fault, unused: true }
}

/** Without what it contained. */
const removedResource = (stored: StoredResource, type: ResourceType): CustomResource => ({
  ...versionOf(stored, type),
  status: {},
  controlled: undefined,
  fault: undefined,
})

const versionOf = ({ object, ...identity }: StoredResource, type: ResourceType) => ({
  ...identity,
  type,
  resourceVersion: asText(asObject(object['metadata'])?.['resourceVersion']) ?? '',
})

async function resourceOf(
  { object, ...identity }: StoredResource,
  { type, before, limits }: ReadResource,
  context: LoadContext,
): Promise<CustomResource> {
  const same = before?.uid === identity.uid ? before : undefined
  const stored = { ...versionOf({ object, ...identity }, type), status: asObject(object['status']) ?? {} }
  if (same?.generation === identity.generation) return { ...same, ...stored }
  try {
    if (object['spec'] === tooLarge) throw specTooLarge(identity.document)
    const document = await documentOfResource(type, object, context.vendors)
    const [controlled] = (await controlDocuments([document], context)).values()
    if (controlled !== undefined && limits !== undefined) checkPermitted(controlled, limits)
    return { ...stored, controlled, fault: undefined }
  } catch (error) {
    // An error in the program that one object causes must not stop the work for all others.
    const fault = error instanceof PullpassError ? error : internalFault(error)
    return { ...stored, controlled: same?.controlled, fault }
  }
}
