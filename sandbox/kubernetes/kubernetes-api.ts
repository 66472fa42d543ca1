/** The sandbox's Kubernetes API: what pullpass and kubectl ask of it, answered as kube-apiserver 1.34 answers. It is a
 *  cluster of one API server, to which further ones may be added. */
import { type Authorization, createAuthorization } from './access/authorization.ts'
import { type ApiServer, createApiServer } from './api-server.ts'
import type { Cluster } from './cluster.ts'
import { runControllers } from './controllers.ts'
import { resourceKinds } from './kinds/resource-kinds.ts'
import type { KubernetesObject, StoredObject } from './objects/kubernetes-object.ts'
import { newUid } from './objects/new-uid.ts'
import { ObjectStore } from './objects/object-store.ts'
import { registerServer } from './register-server.ts'
import { createSigningKeys, type ServerKeys } from './tokens/signing-keys.ts'

export interface KubernetesApi extends ApiServer {
  /** Objects as they are, to look at and to write past all rules. */
  readonly store: ObjectStore
  readonly authorization: Authorization
  /** Writes an object with its kind's defaults, and what a controller adds to it: a namespace gets its ServiceAccount. */
  seed(object: KubernetesObject): StoredObject
  /** Says in the EndpointSlice `kubernetes` that the API is reached there. */
  registerServer(url: string): void
  /** A further API server of this cluster, which signs and publishes with the keys that the first has now, unless others
   *  are named; each is served on a socket of its own. In the middle of a rotation of keys:
   *
   *      const next = await generateSigningKey()
   *      const replica = await api.createReplica({ keys: { signing: next, published: [next, api.keys.current] } })
   *      const part = await servePart({ handler: replica.handle, now, tls: { authority, http2: 'offered' } })
   */
  createReplica(options?: ReplicaOptions): Promise<ApiServer>
}

/** How one server of a cluster differs from the others; absent: as the first one does it. */
export interface ReplicaOptions {
  readonly issuer?: string
  readonly acceptedIssuers?: readonly string[]
  readonly keys?: ServerKeys
  readonly watchList?: Cluster['watchList']
}

export interface KubernetesApiOptions extends ReplicaOptions {
  /** The URL that the API is reached by, since it serves its own issuer's documents; no slash at its end. */
  readonly issuer: string
  readonly now: () => Date
  /** In [0, 1); makes uids and generated names. */
  readonly random?: () => number
  /** PEM of what signed its certificate; absent: no namespace gets it. */
  readonly ca?: string
  /** Static bearer tokens, and the user that each one names. */
  readonly tokens?: Readonly<Record<string, string>>
}

export async function createKubernetesApi(options: KubernetesApiOptions): Promise<KubernetesApi> {
  const { issuer, acceptedIssuers = [], watchList = 'on', now, random = Math.random } = options
  const uid = () => newUid(random)
  const cluster: Cluster = {
    store: new ObjectStore(now, uid),
    keys: await createSigningKeys(options.keys),
    issuer,
    acceptedIssuers,
    watchList,
    now,
    newUid: uid,
    ...(options.ca !== undefined && { ca: options.ca }),
  }
  const authorization = createAuthorization()
  const access = { authorization, tokens: new Map(Object.entries(options.tokens ?? {})) }
  for (const name of ['default', 'kube-system'])
    seed(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return {
    ...createApiServer(cluster, access),
    store: cluster.store,
    authorization,
    seed: (object) => seed(cluster, object),
    registerServer: (url) => registerServer(cluster.store, url),
    async createReplica({ keys, ...differing } = {}) {
      const { current: signing, published } = cluster.keys
      const own = await createSigningKeys(keys ?? { signing, published })
      return createApiServer({ ...cluster, ...differing, keys: own }, access)
    },
  }
}

function seed(cluster: Cluster, object: KubernetesObject): StoredObject {
  const since = cluster.store.resourceVersion
  const kind = resourceKinds.find((served) => served.kind === object.kind)
  const { namespace = '', name } = object.metadata
  const before = cluster.store.read(object.kind, namespace, name)
  const stored = cluster.store.put(kind ? kind.addServerFields(kind.applyDefaults(object), before) : object)
  runControllers(cluster, since)
  return stored
}
