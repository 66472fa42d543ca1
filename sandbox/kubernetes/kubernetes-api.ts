/** The sandbox's Kubernetes API: what pullpass and kubectl ask of it, answered as kube-apiserver 1.34 answers.
 *  A request is authenticated, authorized, and then handed to the one operation that it names. */
import type { SandboxAnswer, SandboxHandler, SandboxRequest } from '../serve/handler.ts'
import { authenticate } from './access/authentication.ts'
import { type Attributes, type Authorization, createAuthorization } from './access/authorization.ts'
import { authorize } from './access/authorize.ts'
import { reviewOwnAccess } from './access/review-own-access.ts'
import { announceServer } from './announce-server.ts'
import { answerStatus } from './calls/answer-form.ts'
import { type ApiCall, isResourcePath, type RequestInfo, readRequestInfo, servedKind } from './calls/api-call.ts'
import { createObject } from './calls/create-object.ts'
import { deleteObject } from './calls/delete-object.ts'
import { listObjects } from './calls/list-objects.ts'
import { patchObject } from './calls/patch-object.ts'
import { readObject } from './calls/read-object.ts'
import { replaceObject } from './calls/replace-object.ts'
import { methodNotAllowed, noSuchResource, StatusError } from './calls/status-error.ts'
import { watchObjects } from './calls/watch-objects.ts'
import type { Cluster } from './cluster.ts'
import { answerDiscovery, isServedVersion } from './discovery.ts'
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
  /** Says in the EndpointSlice `kubernetes` that the API is reached there. */
  announce(url: string): void
  signServiceAccountToken(wanted: TokenWanted): Promise<string>
}

export interface KubernetesApiWanted {
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
    ...(wanted.ca !== undefined && { ca: wanted.ca }),
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
    announce: (url) => announceServer(cluster.store, url),
    signServiceAccountToken: (token) => signServiceAccountToken(cluster, token),
    async handle(request) {
      try {
        const user = await authenticate(cluster, tokens, request)
        return await route(cluster, request, { user, authorization })
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
  const { namespace = '', name } = object.metadata
  const before = cluster.store.read(object.kind, namespace, name)
  const stored = cluster.store.put(kind ? kind.finish(kind.complete(object), before) : object)
  settle(cluster, since)
  return stored
}

interface Asker {
  readonly user: string
  readonly authorization: Authorization
}

async function route(cluster: Cluster, request: SandboxRequest, asker: Asker): Promise<SandboxAnswer> {
  const { path, method } = request
  const check = (attributes: Omit<Attributes, 'user'>): void =>
    authorize(asker.authorization, { ...attributes, user: asker.user })
  if (!isResourcePath(path)) {
    check({ verb: method.toLowerCase(), path })
    if (isIssuerPath(path)) return answerIssuerDocument(cluster, request)
    return answerDiscovery(path) ?? plain(404, '404 page not found\n')
  }
  const info = readRequestInfo(request)
  const { verb, group, plural, namespace, name, subresource } = info
  const resource = subresource ? `${plural}/${subresource}` : plural
  const demand = (right: Verb): void => check({ verb: right, group, resource, namespace, name, path })
  demand(verb)
  if (!isServedVersion(info)) return plain(404, '404 page not found\n')
  if (isReview(info)) return reviewOwnAccess(asker.authorization, asker.user, request)
  const call: ApiCall = { verb, kind: servedKind(info), namespace, name, subresource, request, demand }
  const since = cluster.store.resourceVersion
  const answer = await (subresource === 'token' ? requestToken : operations[verb])(cluster, call)
  settle(cluster, since)
  return answer
}

/** @throws StatusError 404 and 405 for all that is not a new review */
function isReview({ group, plural, verb, name }: RequestInfo): boolean {
  if (group !== 'authorization.k8s.io') return false
  if (plural !== 'selfsubjectaccessreviews' || (name && verb !== 'list')) throw noSuchResource()
  if (verb !== 'create') throw methodNotAllowed()
  return true
}
