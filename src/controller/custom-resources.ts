/**
 * ClusterPullSecrets of the cluster as documents. Their definition is optional:
 *
 *   not served ──▶ every 10 s: is it served? ──▶ list and watch ──▶ each object: document, or why it has none
 *        ▲                                             │
 *        └── 404: the definition was deleted ◀─────────┘ known objects stay until they are listed again
 *
 * An object that becomes invalid keeps its last valid document, as long as this process runs.
 */
import { clusterPullSecretType } from '../document/custom-resource.ts'
import { documentOfResource } from '../document/read-documents.ts'
import { fixOf, internalFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { readStatus } from '../kubernetes/connection/api-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readResponse } from '../kubernetes/connection/response.ts'
import { type CollectionEvent, type WatchContext, watchCollection } from '../kubernetes/objects/watch.ts'
import { asList, asObject, asText, type JsonObject } from '../text/json-fields.ts'
import { type ControlledDocument, controlDocuments, type DocumentSet, type LoadContext } from './documents.ts'

export interface CustomResource {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  /** As it is stored, not validated. */
  readonly status: JsonObject
  /** Its last valid version. */
  readonly controlled: ControlledDocument | undefined
  /** Why the current version is not valid. */
  readonly fault: PullpassError | undefined
}

const { group, version, resource, kind } = clusterPullSecretType
const groupPath = `/apis/${group}/${version}`
const list = {
  path: `${groupPath}/${resource}`,
  accept: 'application/json',
  call: { verb: 'list', resource, group },
} as const

/** How often it is checked whether the definition was installed. Milliseconds. */
const recheckMs = 10_000

interface StoredResource {
  readonly object: JsonObject
  readonly name: string
  readonly uid: string
  readonly generation: number
}

export type ResourceWatch = (watching: WatchContext) => AsyncGenerator<CollectionEvent<CustomResource>, never>

/** Starts a watch each time that it is called; what earlier ones read is kept. `whenAbsent`: level of the message. */
export function createResourceWatch(
  cluster: Cluster,
  whenAbsent: 'warn' | 'debug',
  context: LoadContext & Pick<Context, 'log'>,
): ResourceWatch {
  const known = new Map<string, CustomResource>()

  async function read(stored: StoredResource): Promise<CustomResource> {
    const before = known.get(stored.name)
    const one = await resourceOf(stored, before, context)
    known.set(stored.name, one)
    if (one.fault !== undefined && one.fault !== before?.fault) {
      const { code, seen } = one.fault
      const kept = one.controlled === undefined ? 'no version of it' : 'its last valid version'
      context.log('error', 'a ClusterPullSecret is invalid', {
        used: kept,
        document: documentOf(stored.name),
        code,
        seen,
        fix: fixOf(one.fault) ?? '',
      })
    }
    return one
  }

  return async function* watchResources(watching) {
    const { log, sleep, signal } = watching
    for (let state: 'unknown' | 'served' | 'absent' = 'unknown'; ; ) {
      while (!(await isServed(cluster))) {
        if (state !== 'absent') {
          log(whenAbsent, 'ClusterPullSecrets are not defined in this cluster', { fix: installFix })
          yield { type: 'listed', items: [...known.values()] } // those that were not seen deleted stay
        }
        state = 'absent'
        await sleep(recheckMs, signal)
      }
      state = 'served'
      try {
        for await (const event of watchCollection(cluster, list, storedResource, watching)) {
          if (event.type === 'listed') {
            const items: CustomResource[] = []
            for (const item of event.items) items.push(await read(item))
            const names = new Set(items.map(({ name }) => name))
            for (const name of known.keys()) if (!names.has(name)) known.delete(name)
            yield { type: 'listed', items }
          } else {
            const item = await read(event.item)
            if (event.type === 'deleted') known.delete(item.name)
            yield { type: event.type, item }
          }
        }
      } catch (error) {
        if (await isServed(cluster)) throw error
      }
    }
  }
}

const installFix = 'to use them: pullpass manifests crds | kubectl apply --server-side -f -'

/** For a controller without custom resources: there are none, and no permission is needed. */
export async function* ignoreResources({
  sleep,
  signal,
}: Pick<WatchContext, 'sleep' | 'signal'>): AsyncGenerator<CollectionEvent<CustomResource>, never> {
  yield { type: 'listed', items: [] }
  for (;;) await sleep(unusedMs, signal)
}

/** Any time. Milliseconds. */
const unusedMs = 3_600_000

/** By discovery, which every account may read. @throws KUBERNETES_REFUSED, KUBERNETES_UNREACHABLE */
async function isServed(cluster: Cluster): Promise<boolean> {
  const response = await cluster.request({ method: 'GET', path: groupPath, accept: 'application/json' })
  if (response.status === 404) return false
  if (response.status !== 200) throw readStatus(cluster, response, { verb: 'get', resource: 'apis' })
  const { resources } = readResponse(cluster, response)
  return asList(resources).some((one) => asText(asObject(one)?.['name']) === resource)
}

/** Ownership of fields is discarded immediately. */
function storedResource(item: JsonObject): StoredResource {
  const metadata = asObject(item['metadata']) ?? {}
  const { name, uid, resourceVersion, generation } = metadata
  return {
    object: { metadata: { name, uid, resourceVersion }, spec: item['spec'], status: item['status'] },
    name: asText(name) ?? '',
    uid: asText(uid) ?? '',
    generation: typeof generation === 'number' ? generation : 0,
  }
}

async function resourceOf(
  { object, name, uid, generation }: StoredResource,
  before: CustomResource | undefined,
  context: LoadContext,
): Promise<CustomResource> {
  const same = before?.uid === uid ? before : undefined
  const stored = {
    name,
    uid,
    generation,
    resourceVersion: asText(asObject(object['metadata'])?.['resourceVersion']) ?? '',
    status: asObject(object['status']) ?? {},
  }
  if (same?.generation === generation) return { ...same, ...stored }
  try {
    const document = await documentOfResource(object, context.vendors)
    const [controlled] = (await controlDocuments([document], context)).values()
    return { ...stored, controlled, fault: undefined }
  } catch (error) {
    // An error in the program that one object causes must not stop the work for all others.
    const fault = error instanceof PullpassError ? error : internalFault(error)
    return { ...stored, controlled: same?.controlled, fault }
  }
}

/** Documents from files, and those of custom resources with other names: of one name, that in a file is used. */
export function mergeDocuments(files: DocumentSet, resources: Iterable<CustomResource>): DocumentSet {
  const documents = new Map(files)
  for (const { name, controlled } of resources) {
    if (controlled !== undefined && !files.has(documentOf(name))) documents.set(documentOf(name), controlled)
  }
  return documents
}

/** Its name among all documents. */
export const documentOf = (name: string): string => `${kind}/${name}`
