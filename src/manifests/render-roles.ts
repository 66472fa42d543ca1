/** Rights as RBAC grants them: a ClusterRole for what holds everywhere, a Role in each namespace that is named. */
import { foreignName, type Manifest, ownLabels, ownName, type Place } from './manifest.ts'
import type { Right } from './rights-of.ts'

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

const ruleOf = ({ resource, verbs, names }: Right) => ({
  apiGroups: [''],
  resources: [resource],
  ...(names && { resourceNames: names }),
  verbs,
})
