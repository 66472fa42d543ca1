/** Discovery as kubectl needs it: versions, groups, resources, schemas, health.
 *  https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
import type { SandboxResponse } from '../serve/handler.ts'
import type { RequestInfo } from './calls/api-call.ts'
import { json } from './calls/representation.ts'
import type { Cluster } from './cluster.ts'
import type { ResourceKind } from './kinds/resource-kind.ts'
import { resourceKinds, versionOfGroup } from './kinds/resource-kinds.ts'
import { openapiOf, openapiPaths } from './openapi.ts'
import { plain } from './tokens/issuer-documents.ts'

/** Objects of `authorization.k8s.io` and `authentication.k8s.io` are not stored; subresources of the core group are not listed. */
const builtIn = [
  'discovery.k8s.io',
  'authorization.k8s.io',
  'authentication.k8s.io',
  'coordination.k8s.io',
  'apiextensions.k8s.io',
]

type Definitions = Pick<Cluster['definitions'], 'has'>

const isServed = ({ kind, version }: ResourceKind, definitions: Definitions): boolean =>
  version === undefined || definitions.has(kind)

const groupsOf = (definitions: Definitions): readonly string[] => [
  ...builtIn,
  ...new Set(
    resourceKinds.flatMap((kind) => (kind.version !== undefined && isServed(kind, definitions) ? kind.group : [])),
  ),
]

const release = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.4+pullpass-sandbox',
  platform: 'linux/amd64',
}

const responsesFor = (
  groups: readonly string[],
  definitions: Definitions,
): Readonly<Record<string, () => SandboxResponse>> => ({
  '/healthz': () => plain(200, 'ok'),
  '/livez': () => plain(200, 'ok'),
  '/readyz': () => plain(200, 'ok'),
  '/version': () => json(200, release),
  '/api': () => json(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }),
  '/apis': () => json(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(renderGroup) }),
  '/openapi/v3': () => json(200, openapiPaths(['', ...groups])),
  '/openapi/v3/api/v1': () => json(200, openapiOf('')),
  '/api/v1': () => json(200, { kind: 'APIResourceList', groupVersion: 'v1', resources: resourcesOf('', definitions) }),
  ...Object.fromEntries(groups.flatMap((group) => Object.entries(responsesOf(group, definitions)))),
})

/** The response for a path that is not a resource; undefined if there is none. */
export const discoveryResponse = (path: string, definitions: Definitions): SandboxResponse | undefined =>
  responsesFor(groupsOf(definitions), definitions)[path]?.()

/** Every group is served in one version, and a custom resource while its definition is installed. */
export const isServedVersion = (
  { group, version, plural }: Pick<RequestInfo, 'group' | 'version' | 'plural'>,
  definitions: Definitions,
): boolean =>
  version === versionOfGroup(group) &&
  (group === '' || groupsOf(definitions).includes(group)) &&
  !resourceKinds.some((kind) => kind.group === group && kind.plural === plural && !isServed(kind, definitions))

function responsesOf(group: string, definitions: Definitions): Readonly<Record<string, () => SandboxResponse>> {
  const groupVersion = `${group}/${versionOfGroup(group)}`
  const head = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion }
  return {
    [`/apis/${group}`]: () => json(200, { kind: 'APIGroup', apiVersion: 'v1', ...renderGroup(group) }),
    [`/apis/${groupVersion}`]: () => json(200, { ...head, resources: resourcesOf(group, definitions) }),
    [`/openapi/v3/apis/${groupVersion}`]: () => json(200, openapiOf(group)),
  }
}

function renderGroup(name: string): object {
  const only = { groupVersion: `${name}/${versionOfGroup(name)}`, version: versionOfGroup(name) }
  return { name, versions: [only], preferredVersion: only }
}

const reviewsOf: Readonly<Record<string, readonly string[]>> = {
  'authorization.k8s.io': ['SelfSubjectAccessReview', 'SubjectAccessReview'],
  'authentication.k8s.io': ['SelfSubjectReview'],
}

const renderReview = (kind: string) => ({
  name: `${kind.toLowerCase()}s`,
  singularName: kind.toLowerCase(),
  namespaced: false,
  kind,
  verbs: ['create'],
})

const resourcesOf = (group: string, definitions: Definitions): object[] =>
  reviewsOf[group]?.map(renderReview) ??
  resourceKinds
    .filter((kind) => kind.group === group && isServed(kind, definitions))
    .map(({ plural, singular, kind, namespaced, shortNames }) => ({
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
      ...(shortNames.length > 0 && { shortNames }),
    }))
