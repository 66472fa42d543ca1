/** The sandbox's Kubernetes API: what pullpass and kubectl ask of it, answered as kube-apiserver 1.34 answers.
 *  A request is authenticated, authorized, and then handed to the one operation that it names. */
import type { SandboxAnswer, SandboxHandler, SandboxRequest } from '../serve/handler.ts'
import { authenticate } from './access/authentication.ts'
import { type Attributes, type Authorization, createAuthorization } from './access/authorization.ts'
import { authorize } from './access/authorize.ts'
import { answerStatus } from './calls/answer-form.ts'
import { type ApiCall, readRequestInfo, servedKind } from './calls/api-call.ts'
import { createObject } from './calls/create-object.ts'
import { deleteObject } from './calls/delete-object.ts'
import { listObjects } from './calls/list-objects.ts'
import { patchObject } from './calls/patch-object.ts'
import { readObject } from './calls/read-object.ts'
import { replaceObject } from './calls/replace-object.ts'
import { StatusError } from './calls/status-error.ts'
import { watchObjects } from './calls/watch-objects.ts'
import type { Cluster } from './cluster.ts'
import { answerDiscovery } from './discovery.ts'
import type { Verb } from './kinds/resource-kind.ts'
import { resourceKinds } from './kinds/resource-kinds.ts'
import type { KubernetesObject, StoredObject } from './objects/kubernetes-object.ts'
import { newUid } from './objects/new-uid.ts'
import { ObjectStore } from './objects/object-store.ts'
import { settle } from './settle.ts'
import { answerIssuerDocument, isIssuerPath, plain } from './tokens/issuer-documents.ts'
import { requestToken } from './tokens/request-token.ts'
import { signServiceAccountToken, type TokenWanted } from './tokens/service-account-token.ts'
import { createSigningKeys, type SigningKeys } from './tokens/signing-keys.ts'

export interface KubernetesApi {
  readonly handle: SandboxHandler
  readonly issuer: string
  /** Objects as they are, to look at and to write past all rules. */
  readonly store: ObjectStore
  readonly keys: SigningKeys
  readonly authorization: Authorization
  /** Writes an object with its kind's defaults, and what a controller adds to it: a namespace gets its ServiceAccount. */
  seed(object: KubernetesObject): StoredObject
  signServiceAccountToken(wanted: TokenWanted): Promise<string>
}

export interface KubernetesApiWanted {
  /** The URL that the API is reached by, since it serves its own issuer's documents; no slash at its end. */
  readonly issuer: string
  readonly now: () => Date
  /** In [0, 1); makes uids and generated names. */
  readonly random?: () => number
  /** Static bearer tokens, and the user that each one names. */
  readonly tokens?: Readonly<Record<string, string>>
}

type Operation = (cluster: Cluster, call: ApiCall) => SandboxAnswer | Promise<SandboxAnswer>

const operations: Readonly<Record<Verb, Operation>> = {
  get: readObject,
  list: listObjects,
  watch: watchObjects,
  create: createObject,
  update: replaceObject,
  patch: patchObject,
  delete: deleteObject,
}

export async function createKubernetesApi(wanted: KubernetesApiWanted): Promise<KubernetesApi> {
  const { issuer, now, random = Math.random } = wanted
  const uid = () => newUid(random)
  const cluster: Cluster = {
    store: new ObjectStore(now, uid),
    keys: await createSigningKeys(),
    issuer,
    now,
    newUid: uid,
  }
  const authorization = createAuthorization()
  const tokens = new Map(Object.entries(wanted.tokens ?? {}))
  const { store, keys } = cluster
  for (const name of ['default', 'kube-system'])
    seed(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return {
    issuer,
    store,
    keys,
    authorization,
    seed: (object) => seed(cluster, object),
    signServiceAccountToken: (token) => signServiceAccountToken(cluster, token),
    async handle(request) {
      try {
        const user = await authenticate(cluster, tokens, request)
        return await route(cluster, request, (attributes) => authorize(authorization, { ...attributes, user }))
      } catch (error) {
        if (error instanceof StatusError) return answerStatus(error.status)
        throw error
      }
    },
  }
}

function seed(cluster: Cluster, object: KubernetesObject): StoredObject {
  const since = cluster.store.resourceVersion
  const kind = resourceKinds.find((served) => served.kind === object.kind)
  const stored = cluster.store.put(kind ? kind.finish(kind.complete(object)) : object)
  settle(cluster, since)
  return stored
}

type Authorize = (attributes: Omit<Attributes, 'user'>) => void

async function route(cluster: Cluster, request: SandboxRequest, check: Authorize): Promise<SandboxAnswer> {
  const { path, method } = request
  if (!path.startsWith('/api/v1/')) {
    check({ verb: method.toLowerCase(), path })
    if (isIssuerPath(path)) return answerIssuerDocument(cluster, request)
    return answerDiscovery(path) ?? plain(404, '404 page not found\n')
  }
  const info = readRequestInfo(request)
  const { verb, plural, namespace, name, subresource } = info
  const resource = subresource ? `${plural}/${subresource}` : plural
  const demand = (right: Verb): void => check({ verb: right, resource, namespace, name, path })
  demand(verb)
  const call: ApiCall = { verb, kind: servedKind(info), namespace, name, subresource, request, demand }
  const since = cluster.store.resourceVersion
  const answer = await (subresource === 'token' ? requestToken : operations[verb])(cluster, call)
  settle(cluster, since)
  return answer
}
