/** The Kubernetes API of the sandbox: the requests of pullpass and kubectl, with the responses of kube-apiserver 1.34. A
 *  cluster has one API server; others can be added. */
import { type Authorization, createAuthorization } from './access/authorization.ts'
import { type ApiServer, createApiServer } from './api-server.ts'
import type { Cluster } from './cluster.ts'
import { runControllers } from './controllers.ts'
import { customKinds, resourceKinds } from './kinds/resource-kinds.ts'
import type { KubernetesObject, StoredObject } from './objects/kubernetes-object.ts'
import { newUid } from './objects/new-uid.ts'
import { ObjectStore } from './objects/object-store.ts'
import { registerServer } from './register-server.ts'
import { createSigningKeys, type ServerKeys } from './tokens/signing-keys.ts'

export interface KubernetesApi extends ApiServer {
  /** The stored objects, to inspect and to write without validation. */
  readonly store: ObjectStore
  readonly authorization: Authorization
  /** Writes an object with default values and runs controllers: a namespace gets its ServiceAccount. */
  seed(object: KubernetesObject): StoredObject
  /** Installs the definitions of the custom resources, or of these kinds. */
  installDefinitions(kinds?: readonly string[]): void
  /** Deletes them, and with them their objects. */
  deleteDefinitions(): void
  /** Adds the address of the API to the EndpointSlice `kubernetes`. */
  registerServer(url: string): void
  /** Another API server of this cluster, by default with the current keys of the first one; each is served on its own
   *  socket. During a key rotation:
   *
   *      const next = await sharedSigningKey('next')
   *      const replica = await api.createReplica({ keys: { signing: next, published: [next, api.keys.current] } })
   *      const part = await servePart({ handler: replica.handle, now, tls: { authority, http2: 'offered' } })
   */
  createReplica(options?: ReplicaOptions): Promise<ApiServer>
}

/** The differences of one server of a cluster; absent: as the first server. */
export interface ReplicaOptions {
  readonly issuer?: string
  readonly acceptedIssuers?: readonly string[]
  readonly keys?: ServerKeys
  readonly watchList?: Cluster['watchList']
}

export interface KubernetesApiOptions extends ReplicaOptions {
  /** The URL of the API, which serves its issuer metadata; without a trailing slash. */
  readonly issuer: string
  readonly now: () => Date
  /** In [0, 1), for uids and generated names. */
  readonly random?: () => number
  /** PEM of the CA of its certificate; absent: namespaces get none. */
  readonly ca?: string
  /** User names by static bearer token. */
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
    definitions: new Set(),
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
    installDefinitions(kinds = customKinds) {
      for (const kind of kinds) seed(cluster, definitionOf(kind))
    },
    deleteDefinitions() {
      const since = cluster.store.resourceVersion
      for (const definition of cluster.store.list('CustomResourceDefinition')) cluster.store.remove(definition)
      runControllers(cluster, since)
    },
    registerServer: (url) => registerServer(cluster.store, url),
    async createReplica({ keys, ...differing } = {}) {
      const { current: signing, published } = cluster.keys
      const own = await createSigningKeys(keys ?? { signing, published })
      return createApiServer({ ...cluster, ...differing, keys: own }, access)
    },
  }
}

/** Without its schema. */
function definitionOf(name: string): KubernetesObject {
  const known = resourceKinds.find(({ kind }) => kind === name)
  if (known?.version === undefined) throw new TypeError(`${name} is no custom resource`)
  const { group, version, kind, plural, singular, shortNames, namespaced } = known
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/name': 'pullpass' } }, // as deploy/crds
    spec: {
      group,
      names: { plural, singular, kind, listKind: `${kind}List`, shortNames },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [{ name: version, served: true, storage: true, subresources: { status: {} } }],
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
