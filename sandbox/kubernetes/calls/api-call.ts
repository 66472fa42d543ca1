/** A request as verb and resource.
 *  https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb */

import type { SandboxRequest } from '../../serve/handler.ts'
import type { ResourceKind, Verb } from '../kinds/resource-kind.ts'
import { resourceKinds } from '../kinds/resource-kinds.ts'
import { methodNotAllowed, noSuchResource, type Subject } from './status-error.ts'

export interface ApiCall {
  readonly verb: Verb
  readonly kind: ResourceKind
  /** '' for a cluster-scoped kind, and for a namespaced one across the cluster. */
  readonly namespace: string
  /** '' for a collection; for a list or watch, the name in its field selector. */
  readonly name: string
  readonly subresource: string
  readonly request: SandboxRequest
  /** Requires another permission for the same object: `create` for an apply that creates it. @throws StatusError 403 */
  requirePermission(verb: Verb): void
}

/** The content of path and method, before the check whether the resource is served. */
export interface RequestInfo extends Pick<ApiCall, 'namespace' | 'name' | 'subresource'> {
  readonly verb: Verb
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
}

const collectionVerbs: Readonly<Record<string, Verb>> = { GET: 'list', POST: 'create' }
const objectVerbs: Readonly<Record<string, Verb>> = { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
const subresourceVerbs: Readonly<Record<string, Verb>> = { GET: 'get', PUT: 'update', PATCH: 'patch', POST: 'create' }

/** `/api/v1/…` for the core group, `/apis/GROUP/VERSION/…` for others; shorter paths are discovery. */
const resourcePath = /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))\/(?<rest>.+)$/

export const isResourcePath = (path: string): boolean => resourcePath.test(path)

/** Parses the path of a resource. @throws StatusError 404 for other paths, 405 for an unsupported method */
export function readRequestInfo(request: SandboxRequest): RequestInfo {
  const { core, group = '', version = core ?? '', rest = '' } = resourcePath.exec(request.path)?.groups ?? {}
  const { namespace, plural, name, subresource } = parsePath(rest)
  const verb = readVerb(request, name, subresource)
  const isCollection = verb === 'list' || verb === 'watch'
  return { verb, group, version, plural, namespace, name: isCollection ? selectedName(request) : name, subresource }
}

/** The requested kind. @throws StatusError 404 if it is not served */
export function servedKind({ verb, group, plural, namespace, name, subresource }: RequestInfo): ResourceKind {
  const kind = resourceKinds.find((served) => served.group === group && served.plural === plural)
  if (!kind || (subresource && !kind.subresources.includes(subresource))) throw noSuchResource()
  if (subresource && ['token', 'eviction'].includes(subresource) !== (verb === 'create')) throw methodNotAllowed()
  const needsNamespace = kind.namespaced && verb !== 'list' && verb !== 'watch'
  if (needsNamespace ? !namespace : namespace && !kind.namespaced) throw name ? noSuchResource() : methodNotAllowed()
  return kind
}

/** The subject of errors: most name the plural of the resource, validation errors the kind. */
export const subjectOf = ({ kind, name }: Pick<ApiCall, 'kind' | 'name'>): Subject => ({
  name,
  ...(kind.group && { group: kind.group }),
  kind: kind.plural,
})
export const objectSubjectOf = (call: Pick<ApiCall, 'kind' | 'name'>): Subject => ({
  ...subjectOf(call),
  kind: call.kind.kind,
})

function parsePath(path: string) {
  const parts = path.split('/')
  // /namespaces/NAME is the Namespace itself, /namespaces/NAME/secrets a collection in it.
  const isWithin = parts[0] === 'namespaces' && parts.length > 2
  const [plural = '', name = '', subresource = '', ...rest] = isWithin ? parts.slice(2) : parts
  if (rest.length > 0) throw noSuchResource()
  return { namespace: isWithin ? (parts[1] ?? '') : '', plural, name, subresource }
}

function readVerb({ method, query }: SandboxRequest, name: string, subresource: string): Verb {
  const verb = (subresource ? subresourceVerbs : name ? objectVerbs : collectionVerbs)[method]
  if (!verb) throw methodNotAllowed()
  return verb === 'list' && isTrue(query.get('watch')) ? 'watch' : verb
}

export const isTrue = (value: string | null): boolean => value === 'true' || value === '1'

const selectedName = ({ query }: SandboxRequest): string =>
  /(?:^|,)metadata\.name==?([^,]*)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? ''
