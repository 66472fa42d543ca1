/** One API server of a cluster: authenticates and authorizes a request and passes it to its operation. Servers of one
 *  cluster share its objects and can have different keys and issuers. */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { authenticate } from './access/authentication.ts'
import { type Attributes, type Authorization, authorize } from './access/authorization.ts'
import { createOverload } from './access/overload.ts'
import { isReviewed, reviewAccess, reviewSelf } from './access/review-access.ts'
import { type ApiCall, isResourcePath, type RequestInfo, readRequestInfo, servedKind } from './calls/api-call.ts'
import { createObject } from './calls/create-object.ts'
import { deleteObject, evictPod } from './calls/delete-object.ts'
import { patchObject } from './calls/patch-object.ts'
import { listObjects, readObject } from './calls/read-objects.ts'
import { replaceObject } from './calls/replace-object.ts'
import { statusResponse } from './calls/representation.ts'
import { methodNotAllowed, noSuchResource, StatusError } from './calls/status-error.ts'
import { watchObjects } from './calls/watch-objects.ts'
import type { Cluster } from './cluster.ts'
import { runControllers } from './controllers.ts'
import { discoveryResponse, isServedVersion } from './discovery.ts'
import type { Verb } from './kinds/resource-kind.ts'
import { isIssuerPath, issuerDocumentResponse, plain } from './tokens/issuer-documents.ts'
import { requestToken } from './tokens/request-token.ts'
import { signServiceAccountToken, type TokenOptions } from './tokens/service-account-token.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

export interface ApiServer {
  readonly handle: SandboxHandler
  readonly issuer: string
  /** Per server: other servers of the cluster may sign with, and publish, other keys. */
  readonly keys: SigningKeys
  signServiceAccountToken(options: TokenOptions): Promise<string>
  /** Simulates overload: users other than administrators get 429 until the returned function is called. */
  overload(): () => void
}

/** Static credentials, and the permissions of users. */
export interface Access {
  readonly authorization: Authorization
  /** User names by static bearer token. */
  readonly tokens: ReadonlyMap<string, string>
}

type Operation = (cluster: Cluster, call: ApiCall) => SandboxResponse | Promise<SandboxResponse>

const operations: Readonly<Record<Verb, Operation>> = {
  get: readObject,
  list: listObjects,
  watch: watchObjects,
  create: createObject,
  update: replaceObject,
  patch: patchObject,
  delete: deleteObject,
}

export function createApiServer(cluster: Cluster, { authorization, tokens }: Access): ApiServer {
  const overload = createOverload(authorization)
  return {
    issuer: cluster.issuer,
    keys: cluster.keys,
    signServiceAccountToken: (token) => signServiceAccountToken(cluster, token),
    overload: () => overload.begin(),
    async handle(request) {
      try {
        const user = await authenticate(cluster, tokens, request)
        return overload.refusal(user) ?? (await route(cluster, request, { user, authorization }))
      } catch (error) {
        if (error instanceof StatusError) return statusResponse(error.status)
        throw error
      }
    },
  }
}

interface Requester {
  readonly user: string
  readonly authorization: Authorization
}

async function route(cluster: Cluster, request: SandboxRequest, requester: Requester): Promise<SandboxResponse> {
  const { path, method } = request
  const check = (attributes: Omit<Attributes, 'user'>): void =>
    authorize(requester.authorization, { ...attributes, user: requester.user })
  if (!isResourcePath(path)) {
    check({ verb: method.toLowerCase(), path })
    if (isIssuerPath(path)) return issuerDocumentResponse(cluster, request)
    return discoveryResponse(path, cluster.definitions) ?? plain(404, '404 page not found\n')
  }
  const info = readRequestInfo(request)
  const { verb, group, plural, namespace, name, subresource } = info
  const resource = subresource ? `${plural}/${subresource}` : plural
  const requirePermission = (right: Verb): void => check({ verb: right, group, resource, namespace, name, path })
  requirePermission(verb)
  if (!isServedVersion(info, cluster.definitions)) return plain(404, '404 page not found\n')
  if (isReviewed(plural) && isReview(info)) {
    return reviewAccess(requester.authorization, { requester: requester.user, plural }, request)
  }
  if (plural === 'selfsubjectreviews' && isReview(info)) return reviewSelf(requester.user, request)
  if (reviewGroups.has(group)) throw noSuchResource()
  const call: ApiCall = { verb, kind: servedKind(info), namespace, name, subresource, request, requirePermission }
  const since = cluster.store.resourceVersion
  const response = await (created[subresource] ?? operations[verb])(cluster, call)
  runControllers(cluster, since)
  return response
}

/** By subresource. */
const created: Readonly<Record<string, Operation>> = { token: requestToken, eviction: evictPod }

const reviewGroups = new Set(['authorization.k8s.io', 'authentication.k8s.io'])

/** @throws StatusError 404 and 405 for any request that does not create a review */
function isReview({ group, verb, name }: RequestInfo): boolean {
  if (!reviewGroups.has(group)) return false
  if (name && verb !== 'list') throw noSuchResource()
  if (verb !== 'create') throw methodNotAllowed()
  return true
}
