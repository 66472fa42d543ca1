/**
 * The permissions that a refresh of these documents needs, or a controller for them, and no others: without any one of them it
 * reports a failure.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
 */

import { clusterPullSecretType, resourceTypes } from '../document/custom-resource.ts'
import { type Document, defaultKeyStateRef, type NamespacedName, requestedAccount } from '../document/document.ts'
import { needsNamespaceList, reachOf } from '../document/namespaces.ts'
import {
  clusterWideName,
  controllerName,
  type InstallTarget,
  type Manifest,
  ownLabels,
  ownName,
  type ResourceLimits,
} from './manifest.ts'

export interface Permission {
  readonly resource: keyof typeof verbs
  readonly verbs: readonly string[]
  /** Absent: any name. */
  readonly names?: readonly string[]
  /** Absent: the whole cluster. */
  readonly namespace?: string
}

/** No `get` on credentials: a list by name is authorized by resourceNames, and an apply does not read. */
const verbs = {
  namespaces: ['list'],
  secrets: ['list', 'create', 'patch'],
  serviceaccounts: ['list', 'patch'],
  'serviceaccounts/token': ['create'],
  configmaps: ['get'],
  revocations: ['remember'],
  endpointslices: ['list'],
  pods: ['list', 'watch'],
  'pods/eviction': ['create'],
  leases: ['get', 'create', 'patch'],
  events: ['create'],
  clusterpullsecrets: ['list', 'watch'],
  'clusterpullsecrets/status': ['patch'],
  pullsecrets: ['list', 'watch'],
  'pullsecrets/status': ['patch'],
} as const

/** In the order of the documents, merged by resource and namespace. */
export const permissionsOf = (documents: readonly Document[]): Permission[] => mergeNeeds(documents.flatMap(needsOf))

function mergeNeeds(needs: readonly Need[]): Permission[] {
  const everywhere = new Set(needs.filter(({ namespace }) => namespace === undefined).map(keyOf))
  const left = needs.filter(
    (need) => need.namespace === undefined || !everywhere.has(keyOf({ ...need, namespace: undefined })),
  )
  const merged = Map.groupBy(left, ({ resource, namespace, use }) => JSON.stringify([resource, namespace, use]))
  return [...merged.values()].flatMap(merge)
}

/**
 * It lists and watches in the whole cluster, also for documents that name their namespaces, and writes only there. Events are about
 * Secrets in these namespaces, and about its Lease. `keyStates`: of the publications that it keeps up to date, as `issuer watch` does.
 */
export function controllerPermissionsOf(
  documents: readonly Document[],
  { namespace: own }: Pick<InstallTarget, 'namespace'>,
  resources?: ResourceLimits,
  keyStates: readonly NamespacedName[] = [],
): Permission[] {
  // The token of its own account shows the signing key.
  const ownToken = { resource: 'serviceaccounts/token', name: ownName, namespace: own } as const
  const refresh = mergeNeeds([
    ...documents.flatMap(needsOf),
    ...needsOfResources(resources),
    ...(keyStates.length > 0 ? [ownToken] : []),
  ])
  const ofSecrets = refresh.filter(({ resource, verbs: given }) => resource === 'secrets' && given !== sourceVerbs)
  const names = [...new Set(ofSecrets.flatMap((one) => one.names ?? []))]
  const everywhere = ofSecrets.some(({ namespace }) => namespace === undefined)
  const ofAccounts = refresh.filter(({ resource }) => resource === 'serviceaccounts')
  const accounts = [...new Set(ofAccounts.flatMap((one) => one.names ?? []))]
  const eventPlaces = everywhere
    ? [undefined]
    : [
        ...new Set([
          ...ofSecrets.flatMap(({ namespace }) => namespace ?? []),
          own,
          ...keyStates.map(({ namespace }) => namespace),
        ]),
      ]
  return [
    { resource: 'namespaces', verbs: ['list', 'watch'] },
    { resource: 'secrets', verbs: ['list', 'watch'], names },
    ...ofSecrets.map((one) => ({ ...one, verbs: ['create', 'patch'] })),
    ...(accounts.length === 0
      ? []
      : [{ resource: 'serviceaccounts', verbs: ['list', 'watch'], names: accounts } as const]),
    ...ofAccounts.map((one) => ({ ...one, verbs: ['patch'] })),
    ...refresh.filter((one) => one.resource !== 'namespaces' && ![...ofSecrets, ...ofAccounts].includes(one)),
    ...evictionPermissions(documents, resources),
    ...issuerPermissions(keyStates),
    ...(resources === undefined ? [] : ofResources(resources)),
    { resource: 'leases', verbs: verbs.leases, names: [controllerName], namespace: own },
    ...eventPlaces.map(
      (namespace): Permission => ({
        resource: 'events',
        verbs: verbs.events,
        ...(namespace !== undefined && { namespace }),
      }),
    ),
  ]
}

/** As those of deploy/issuer. */
function issuerPermissions(keyStates: readonly NamespacedName[]): Permission[] {
  if (keyStates.length === 0) return []
  return [
    ...[...Map.groupBy(keyStates, ({ namespace }) => namespace)].flatMap(([namespace, group]): Permission[] => {
      const names = [...new Set(group.map(({ name }) => name))]
      return [
        { resource: 'configmaps', verbs: ['patch'], names, namespace },
        { resource: 'revocations', verbs: verbs.revocations, names, namespace },
      ]
    }),
    { resource: 'endpointslices', verbs: verbs.endpointslices, namespace: 'default' },
  ]
}

/** RBAC cannot restrict pods by a field, and their names are not known. */
function evictionPermissions(documents: readonly Document[], resources: ResourceLimits | undefined): Permission[] {
  const reaches = documents.filter(({ stuckPods }) => stuckPods === 'Evict').map((one) => reachOf(one.namespaces))
  const everywhere = reaches.includes('everywhere') || resources?.stuckPods === 'Evict'
  const reached = everywhere ? [undefined] : [...new Set(reaches.flat())]
  return reached.flatMap((namespace) => {
    const where = namespace !== undefined && { namespace }
    return [
      { resource: 'pods', verbs: verbs.pods, ...where } as const,
      { resource: 'pods/eviction', verbs: verbs['pods/eviction'], ...where } as const,
    ]
  })
}

/** Their specs and other fields are never written. Secrets are deleted by deletionPolicy: Delete, where they are no longer selected. */
const ofResources = ({ secretNames, tenants }: ResourceLimits): Permission[] => [
  ...(['clusterpullsecrets', 'clusterpullsecrets/status', 'pullsecrets', 'pullsecrets/status'] as const)
    .filter((resource) => tenants !== undefined || !resource.startsWith('pullsecrets'))
    .map((resource) => ({ resource, verbs: verbs[resource] })),
  { resource: 'secrets', verbs: ['delete'], names: secretNames },
]

/** Custom resources can select any namespace, and a PullSecret can be in any. */
const needsOfResources = ({
  secretNames,
  accounts,
  attachedAccounts,
  tenants,
}: Partial<ResourceLimits> = {}): Need[] => [
  ...(secretNames ?? []).map((name) => ({ resource: 'secrets', name, namespace: undefined }) as const),
  ...(attachedAccounts ?? []).map((name) => ({ resource: 'serviceaccounts', name, namespace: undefined }) as const),
  ...(accounts ?? []).map((account) => ({ resource: 'serviceaccounts/token', ...account }) as const),
  ...(tenants?.serviceAccounts ?? []).map(
    (name) => ({ resource: 'serviceaccounts/token', name, namespace: undefined }) as const,
  ),
]

/** Permission for one name, or any, in one namespace, or all. */
interface Need {
  readonly resource: Permission['resource']
  readonly name: string | undefined
  readonly namespace: string | undefined
  /** `source`: it is only read, because a password or key is in it. Absent: the verbs of the resource. */
  readonly use?: 'source'
}

const sourceVerbs: readonly string[] = ['get']

const keyOf = ({ resource, name, namespace, use }: Need) => JSON.stringify([resource, name, namespace, use])

function needsOf(document: Document): Need[] {
  const { namespaces, secretName, attachToServiceAccounts, serviceAccountRef: account, issuer } = document
  const scope = reachOf(namespaces)
  const reached = scope === 'everywhere' ? [undefined] : scope
  const anyNamespace = { resource: 'namespaces', name: undefined, namespace: undefined } as const
  return [
    ...(needsNamespaceList(namespaces) ? [anyNamespace] : []),
    ...reached.flatMap((namespace): Need[] => [
      { resource: 'secrets', name: secretName, namespace },
      ...attachToServiceAccounts.map((name) => ({ resource: 'serviceaccounts', name, namespace }) as const),
    ]),
    ...document.registries.flatMap(({ sources }) =>
      (sources?.secrets ?? []).map((secret) => ({ resource: 'secrets', ...secret, use: 'source' }) as const),
    ),
    ...(account && usesAccount(document) ? [{ resource: 'serviceaccounts/token', ...account } as const] : []),
    // The key state, which contains revocations.
    ...(issuer ? [{ resource: 'configmaps', ...(issuer.keyStateRef ?? defaultKeyStateRef) } as const] : []),
  ]
}

/** With registries that all have a token file, or need no token, nothing is requested. */
const usesAccount = (document: Document): boolean =>
  document.registries.some((registry) => requestedAccount(document, registry) !== undefined)

function merge(needs: readonly Need[]): Permission[] {
  const [first] = needs
  if (first === undefined) return []
  const { resource, namespace, use } = first
  const names = [...new Set(needs.flatMap(({ name }) => name ?? []))]
  return [
    {
      resource,
      verbs: use === 'source' ? sourceVerbs : verbs[resource],
      ...(names.length > 0 && { names }),
      ...(namespace !== undefined && { namespace }),
    },
  ]
}

const api = 'rbac.authorization.k8s.io/v1'

/** A ClusterRole for the whole cluster, a Role in each named namespace, each with its binding. */
export function renderRoles(permissions: readonly Permission[], installTarget: InstallTarget): Manifest[] {
  const byNamespace = Map.groupBy(permissions, ({ namespace }) => namespace)
  return [...byNamespace].flatMap(([namespace, granted]) => renderRole(namespace, granted, installTarget))
}

function renderRole(
  namespace: string | undefined,
  permissions: readonly Permission[],
  installTarget: InstallTarget,
): Manifest[] {
  const prefix = namespace === undefined ? 'Cluster' : ''
  const metadata = {
    name: clusterWideName(installTarget),
    ...(namespace !== undefined && { namespace }),
    labels: ownLabels,
  }
  return [
    { apiVersion: api, kind: `${prefix}Role`, metadata, rules: permissions.map(ruleOf) },
    {
      apiVersion: api,
      kind: `${prefix}RoleBinding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: `${prefix}Role`, name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: ownName, namespace: installTarget.namespace }],
    },
  ]
}

const ruleOf = (permission: Permission) => ({
  apiGroups: [groupOf(permission.resource)],
  resources: [permission.resource],
  ...(permission.names && { resourceNames: permission.names }),
  verbs: permission.verbs,
})

export function groupOf(resource: Permission['resource']): string {
  if (resource === 'leases') return 'coordination.k8s.io'
  if (resource === 'endpointslices') return 'discovery.k8s.io'
  if (resource === 'revocations') return clusterPullSecretType.group
  return resourceTypes.some((type) => resource.startsWith(type.resource)) ? clusterPullSecretType.group : ''
}
