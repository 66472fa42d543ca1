/** Cloud Storage's JSON API: buckets, their policies, and objects. https://cloud.google.com/storage/docs/json_api/v1 */
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { noSuchMethod } from '../api-errors.ts'
import { type PolicyCallNeeds, readPolicy, writePolicy } from '../iam/policy-calls.ts'
import { pageOf, readJson } from '../iam/request-fields.ts'
import type { BucketAccess, Caller } from './bucket-access.ts'
import { objectHeaders, objectResource, preconditions } from './object-headers.ts'
import { type Bucket, bucketResource, type ObjectStore, type StoredObject } from './object-store.ts'
import { readUpload } from './read-upload.ts'
import {
  accessDenied,
  bucketNotFound,
  invalidCredentials,
  objectNotFound,
  preconditionFailed,
  publicAccessPrevented,
  publicUnderCondition,
  storageError,
} from './storage-errors.ts'

export interface JsonApiNeeds {
  readonly store: ObjectStore
  readonly access: BucketAccess
  readonly policyCalls: PolicyCallNeeds
}

interface Call {
  readonly request: SandboxRequest
  readonly caller: Caller
  readonly bucket: Bucket
  readonly needs: JsonApiNeeds
}

const route =
  /^\/(?<service>upload\/|download\/)?storage\/v1\/b\/(?<bucket>[^/]+)(?:\/(?<of>iam|o)(?:\/(?<object>.+))?)?$/s
const maxPage = 1000

export function respondToJsonApi(request: SandboxRequest, needs: JsonApiNeeds): SandboxResponse {
  const { service, bucket = '', of, object } = route.exec(request.path)?.groups ?? {}
  if (request.path === '/storage/v1/b' && request.method === 'POST') return createBucket(request, needs)
  const methods = methodsOf(service, of, object)
  const method = methods[request.method]
  if (!method) return noSuchMethod
  const caller = needs.access.callerOf(request)
  if (!caller) return invalidCredentials
  const found = needs.store.findBucket(bucket)
  if (!found) return bucketNotFound
  const about = service === 'upload/' ? readUpload(request)?.name : object
  if (!needs.access.may(caller, method.permission, bucket, about)) return accessDenied(caller.member, method.permission)
  return method.respond({ request, caller, bucket: found, needs }, object ?? '')
}

interface Method {
  readonly permission: string
  readonly respond: (call: Call, object: string) => SandboxResponse
}

function methodsOf(
  service: string | undefined,
  of: string | undefined,
  object: string | undefined,
): Record<string, Method> {
  if (service === 'upload/') return of === 'o' && object === undefined ? { POST: uploadMethod } : {}
  if (object !== undefined) return of === 'o' ? objectMethods : {}
  if (of === 'o') return { GET: { permission: 'storage.objects.list', respond: list } }
  return of === 'iam' ? policyMethods : { GET: { permission: 'storage.buckets.get', respond: readBucket } }
}

const uploadMethod: Method = { permission: 'storage.objects.create', respond: upload }
const objectMethods: Record<string, Method> = {
  GET: { permission: 'storage.objects.get', respond: readObject },
  DELETE: { permission: 'storage.objects.delete', respond: removeObject },
}
const policyMethods: Record<string, Method> = {
  GET: { permission: 'storage.buckets.getIamPolicy', respond: readBucketPolicy },
  PUT: { permission: 'storage.buckets.setIamPolicy', respond: writeBucketPolicy },
}

const originOf = ({ headers }: SandboxRequest) => `https://${headers['host'] ?? 'storage.googleapis.com'}`

/** Bucket names are global; here they are unique in the sandbox. */
function createBucket(request: SandboxRequest, { store, access }: JsonApiNeeds): SandboxResponse {
  const caller = access.callerOf(request)
  if (!caller) return invalidCredentials
  const { name } = Object(readJson(request.body))
  const valid = typeof name === 'string' && /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(name)
  if (!valid || !request.query.get('project')) return storageError(400, 'invalid', 'Invalid argument.')
  if (!access.may(caller, 'storage.buckets.create', name)) return accessDenied(caller.member, 'storage.buckets.create')
  if (store.findBucket(name)) return storageError(409, 'conflict', 'The requested bucket name is not available.')
  store.putBucket(name)
  const created = store.findBucket(name)
  return created ? bucketResponse(created) : bucketNotFound
}

const readBucket = ({ bucket }: Call): SandboxResponse => bucketResponse(bucket)

function bucketResponse({ name, publicAccessPrevention, createdAt }: Bucket): SandboxResponse {
  return {
    status: 200,
    body: {
      kind: 'storage#bucket',
      id: name,
      name,
      location: 'EU',
      locationType: 'multi-region',
      storageClass: 'STANDARD',
      metageneration: '1',
      etag: 'CAE=',
      timeCreated: createdAt.toISOString(),
      updated: createdAt.toISOString(),
      iamConfiguration: { publicAccessPrevention, uniformBucketLevelAccess: { enabled: true } },
    },
  }
}

function list({ request, bucket, needs }: Call): SandboxResponse {
  const { query } = request
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? '']
  const under = needs.store.list(bucket.name).filter(({ name }) => name.startsWith(prefix))
  const folderOf = ({ name }: StoredObject) => {
    const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    return end < 0 ? undefined : name.slice(0, end + delimiter.length)
  }
  const prefixes = [...new Set(under.map(folderOf).filter((folder) => folder !== undefined))]
  const paging = new URLSearchParams({
    pageSize: query.get('maxResults') ?? `${maxPage}`,
    pageToken: query.get('pageToken') ?? '',
  })
  const page = pageOf(
    under.filter((object) => folderOf(object) === undefined),
    paging,
    maxPage,
  )
  if (!page) return storageError(400, 'invalid', 'Invalid argument.')
  const items = page.items.map((object) => objectResource(object, originOf(request)))
  const { nextPageToken } = page
  return {
    status: 200,
    body: {
      kind: 'storage#objects',
      ...(nextPageToken && { nextPageToken }),
      ...(prefixes.length > 0 && { prefixes }),
      ...(items.length > 0 && { items }),
    },
  }
}

function readObject({ request, caller, bucket, needs }: Call, name: string): SandboxResponse {
  const media = request.query.get('alt') === 'media'
  const object = needs.store.find(bucket.name, name)
  // Without permission to list, a client must not learn that an object does not exist.
  if (!object && !needs.access.may(caller, 'storage.objects.list', bucket.name))
    return accessDenied(caller.member, 'storage.objects.list')
  const generation = request.query.get('generation')
  if (!object || (generation !== null && generation !== object.generation))
    return objectNotFound(bucket.name, name, media ? 'text' : 'json')
  const state = preconditions(request.query, object)
  if (state === 'failed') return preconditionFailed
  if (state === 'unchanged') return { status: 304 }
  if (!media) return { status: 200, body: objectResource(object, originOf(request)) }
  const readers = needs.access.may({ members: ['allUsers'] }, 'storage.objects.get', bucket.name, name)
    ? 'public'
    : 'private'
  return { status: 200, headers: objectHeaders(object, readers), body: object.bytes }
}

/** Replacing an object requires the permission to delete it. */
function upload({ request, caller, bucket, needs }: Call): SandboxResponse {
  const sent = readUpload(request)
  if (!sent) return storageError(400, 'badRequest', 'Malformed multipart body.')
  const current = needs.store.find(bucket.name, sent.name)
  const mayReplace = !current || needs.access.may(caller, 'storage.objects.delete', bucket.name, sent.name)
  if (!mayReplace) return accessDenied(caller.member, 'storage.objects.delete')
  if (preconditions(request.query, current) !== 'met') return preconditionFailed
  const { name, ...object } = sent
  return { status: 200, body: objectResource(needs.store.put(bucket.name, name, object), originOf(request)) }
}

function removeObject({ request, bucket, needs }: Call, name: string): SandboxResponse {
  const object = needs.store.find(bucket.name, name)
  if (!object) return objectNotFound(bucket.name, name, 'json')
  if (preconditions(request.query, object) !== 'met') return preconditionFailed
  needs.store.remove(bucket.name, name)
  return { status: 204 }
}

function readBucketPolicy({ request, bucket, needs }: Call): SandboxResponse {
  const resource = bucketResource(bucket.name)
  return asStoragePolicy(readPolicy(withVersion(request), resource, needs.policyCalls), resource)
}

function writeBucketPolicy({ request, bucket, needs }: Call): SandboxResponse {
  const policy = readJson(request.body)
  const bindings = Array.isArray(policy?.['bindings']) ? policy['bindings'] : []
  const isOpened = (binding: unknown) => /"all(?:Authenticated)?Users"/.test(JSON.stringify(binding))
  const opened = bindings.some(isOpened)
  if (opened && bucket.publicAccessPrevention === 'enforced') return publicAccessPrevented
  if (bindings.some((binding) => Object(binding).condition && isOpened(binding))) return publicUnderCondition
  const resource = bucketResource(bucket.name)
  const wrapped = { ...request, body: Buffer.from(JSON.stringify({ policy })) }
  return asStoragePolicy(writePolicy(wrapped, resource, needs.policyCalls), resource)
}

function withVersion(request: SandboxRequest): SandboxRequest {
  const version = request.query.get('optionsRequestedPolicyVersion') ?? '1'
  return { ...request, query: new URLSearchParams({ 'options.requestedPolicyVersion': version }) }
}

/** The policy and errors of any resource, in the format of this API. */
function asStoragePolicy({ status, body }: SandboxResponse, resourceId: string): SandboxResponse {
  if (status === 200) return { status, body: { kind: 'storage#policy', resourceId, ...Object(body) } }
  return status === 409 ? preconditionFailed : storageError(status, 'invalid', Object(body).error.message)
}
