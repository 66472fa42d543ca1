/**
 * The rights that a refresh of these documents uses, and no others: what it takes away of them makes it fail.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
 */

import { type Document, issuerMemory, type NamespaceChoice } from '../document/document.ts'
import { isGlob } from '../document/kubernetes-names.ts'
import { chooseNamespaces, needsNamespaceList } from '../document/namespaces.ts'
import { foreignName, type Manifest, ownLabels, ownName, type Place } from './manifest.ts'

export interface Right {
  readonly resource: keyof typeof verbs
  readonly verbs: readonly string[]
  /** Absent: any, since who looks for namespaces does not know their names. */
  readonly names?: readonly string[]
  /** Absent: in the whole cluster. */
  readonly namespace?: string
}

/** `get` is in none that holds credentials: a list by name is authorized by the name, and an apply reads nothing. */
const verbs = {
  namespaces: ['list'],
  secrets: ['list', 'create', 'patch'],
  serviceaccounts: ['list', 'patch'],
  'serviceaccounts/token': ['create'],
  configmaps: ['get'],
} as const

/** In the order of the documents; one for each resource and namespace. */
export function rightsOf(documents: readonly Document[]): Right[] {
  const needs = documents.flatMap(needsOf)
  const everywhere = new Set(needs.filter(({ namespace }) => namespace === undefined).map(keyOf))
  const left = needs.filter(
    (need) => need.namespace === undefined || !everywhere.has(keyOf({ ...need, namespace: undefined })),
  )
  const merged = Map.groupBy(left, ({ resource, namespace }) => JSON.stringify([resource, namespace]))
  return [...merged.values()].flatMap(merge)
}

/** A right to one name, or to any, in one place. */
interface Need {
  readonly resource: Right['resource']
  readonly name: string | undefined
  readonly namespace: string | undefined
}

const keyOf = ({ resource, name, namespace }: Need) => JSON.stringify([resource, name, namespace])

function needsOf(document: Document): Need[] {
  const { namespaces, secretName, attachToServiceAccounts, serviceAccountRef: account, issuer } = document
  const reach = reachOf(namespaces)
  const places = reach === 'everywhere' ? [undefined] : reach
  const anyNamespace = { resource: 'namespaces', name: undefined, namespace: undefined } as const
  return [
    ...(needsNamespaceList(namespaces) ? [anyNamespace] : []),
    ...places.flatMap((namespace): Need[] => [
      { resource: 'secrets', name: secretName, namespace },
      ...attachToServiceAccounts.map((name) => ({ resource: 'serviceaccounts', name, namespace }) as const),
    ]),
    ...(account ? [{ resource: 'serviceaccounts/token', ...account } as const] : []),
    // What was revoked is not published again.
    ...(issuer ? [{ resource: 'configmaps', ...(issuer.memoryRef ?? issuerMemory) } as const] : []),
  ]
}

/**
 * Namespaces that are named can be granted one by one. A glob or a selector means namespaces that are not there yet:
 * only the whole cluster holds them.
 */
function reachOf(choice: NamespaceChoice): readonly string[] | 'everywhere' {
  const { include, exclude = [] } = choice
  if (include === undefined || include.some(isGlob)) return 'everywhere'
  const named = include.map((name) => ({ name, labels: {} }))
  return chooseNamespaces({ include, exclude }, named).chosen
}

function merge(needs: readonly Need[]): Right[] {
  const [first] = needs
  if (first === undefined) return []
  const { resource, namespace } = first
  const names = [...new Set(needs.flatMap(({ name }) => name ?? []))]
  return [
    {
      resource,
      verbs: verbs[resource],
      ...(names.length > 0 && { names }),
      ...(namespace !== undefined && { namespace }),
    },
  ]
}

/** Rights as RBAC grants them: a ClusterRole for what holds everywhere, a Role in each namespace that is named. */
const api = 'rbac.authorization.k8s.io/v1'

/** Each role with its binding. */
export function renderRoles(rights: readonly Right[], place: Place): Manifest[] {
  const byNamespace = Map.groupBy(rights, ({ namespace }) => namespace)
  return [...byNamespace].flatMap(([namespace, granted]) => renderRole(namespace, granted, place))
}

function renderRole(namespace: string | undefined, rights: readonly Right[], place: Place): Manifest[] {
  const prefix = namespace === undefined ? 'Cluster' : ''
  const metadata = { name: foreignName(place), ...(namespace !== undefined && { namespace }), labels: ownLabels }
  return [
    { apiVersion: api, kind: `${prefix}Role`, metadata, rules: rights.map(ruleOf) },
    {
      apiVersion: api,
      kind: `${prefix}RoleBinding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: `${prefix}Role`, name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: ownName, namespace: place.namespace }],
    },
  ]
}

const ruleOf = (right: Right) => ({
  apiGroups: [''],
  resources: [right.resource],
  ...(right.names && { resourceNames: right.names }),
  verbs: right.verbs,
})
