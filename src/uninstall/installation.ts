/**
 * What `pullpass manifests` installed in a cluster, found by its labels, and what else its namespace contains.
 *
 * Everything in the namespace with the component label `refresh` belongs to the installation, and so does every labelled
 * object elsewhere whose name ends in `.NAMESPACE`. Other components (`issuer watch`, `issuer serve`) have their own.
 */

import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ApiKind, type ApiObject, discoverNamespacedKinds, listObjects } from '../kubernetes/objects/api-object.ts'
import { controllerName } from '../manifests/manifest.ts'
import { trustRecordName } from '../trust/record.ts'

export interface Installation {
  /** The CronJob, or the Deployment of the controller, which would write again what is removed. */
  readonly workloads: readonly ApiObject[]
  /** In the order of their deletion: a right is removed before the policy that limits it. */
  readonly objects: readonly ApiObject[]
  readonly namespace: InstalledNamespace
  /** Reads the namespace again: what others created there since then keeps it. */
  readonly examineAgain: () => Promise<InstalledNamespace>
  /** ConfigMaps in other namespaces that record what trust apply created: further documents may need them. */
  readonly trustRecords: readonly ApiObject[]
  /** Namespaces of other installations. */
  readonly others: readonly string[]
}

type InstalledNamespace =
  | { readonly state: 'absent' }
  /** `policies`: cluster-scoped policies that protect other components, of no use without the namespace. */
  | { readonly state: 'removable'; readonly object: ApiObject; readonly policies: readonly ApiObject[] }
  | { readonly state: 'kept'; readonly reason: string }

const core = { group: '', version: 'v1' }
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' }
const admission = { group: 'admissionregistration.k8s.io', version: 'v1' }

const workloadKinds: readonly ApiKind[] = [
  { group: 'batch', version: 'v1', kind: 'CronJob', resource: 'cronjobs' },
  { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments' },
]
const namespaceKind: ApiKind = { ...core, kind: 'Namespace', resource: 'namespaces' }
const configMapKind: ApiKind = { ...core, kind: 'ConfigMap', resource: 'configmaps' }
const policyKinds: readonly ApiKind[] = [
  { ...admission, kind: 'ValidatingAdmissionPolicyBinding', resource: 'validatingadmissionpolicybindings' },
  { ...admission, kind: 'ValidatingAdmissionPolicy', resource: 'validatingadmissionpolicies' },
]
const installedKinds: readonly ApiKind[] = [
  { ...rbac, kind: 'RoleBinding', resource: 'rolebindings' },
  { ...rbac, kind: 'ClusterRoleBinding', resource: 'clusterrolebindings' },
  { ...rbac, kind: 'Role', resource: 'roles' },
  { ...rbac, kind: 'ClusterRole', resource: 'clusterroles' },
  { group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy', resource: 'networkpolicies' },
  { group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', resource: 'poddisruptionbudgets' },
  { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', resource: 'leases' },
  configMapKind,
  { ...core, kind: 'ServiceAccount', resource: 'serviceaccounts' },
  ...policyKinds,
]

const anyComponent = 'app.kubernetes.io/name=pullpass'
/** Earlier versions labelled the Deployment as what the CronJob and the controller share. */
const refreshComponent = `${anyComponent},app.kubernetes.io/component in (refresh,controller)`

/** `namespace`: where pullpass was installed. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function findInstallation(cluster: Cluster, namespace: string): Promise<Installation> {
  const listAll = async (kinds: readonly ApiKind[], labelSelector: string) =>
    (await Promise.all(kinds.map(async (kind) => await listObjects(cluster, kind, { labelSelector })))).flat()
  const list = async (kinds: readonly ApiKind[], labelSelector: string) =>
    (await listAll(kinds, labelSelector)).filter((object) => belongsTo(object, namespace))
  const [allWorkloads, objects, policies, configMaps] = await Promise.all([
    listAll(workloadKinds, refreshComponent),
    list(installedKinds, refreshComponent),
    list(policyKinds, anyComponent),
    listObjects(cluster, configMapKind, { labelSelector: 'app.kubernetes.io/managed-by=pullpass' }),
  ])
  const workloads = allWorkloads.filter((object) => belongsTo(object, namespace))
  const ofOthers = allWorkloads.filter((object) => object.name === controllerName && object.namespace !== namespace)
  const others = [...new Set(ofOthers.map((object) => object.namespace ?? ''))]
  const trustRecords = configMaps.filter((object) => object.name === trustRecordName && object.namespace !== namespace)
  const ours = new Set([...workloads, ...objects].map(({ uid }) => uid))
  const otherPolicies = policies.filter(({ uid }) => !ours.has(uid))
  const examineAgain = async () => await examineNamespace(cluster, namespace, ours, otherPolicies)
  return { workloads, objects, namespace: await examineAgain(), examineAgain, trustRecords, others }
}

/** A namespace's name contains no dot. */
const belongsTo = (object: ApiObject, namespace: string) =>
  object.namespace === namespace || (object.name.startsWith('pullpass') && object.name.endsWith(`.${namespace}`))

async function examineNamespace(
  cluster: Cluster,
  name: string,
  ours: ReadonlySet<string>,
  policies: readonly ApiObject[],
): Promise<InstalledNamespace> {
  const [object] = (
    await listObjects(cluster, namespaceKind, { labelSelector: `kubernetes.io/metadata.name=${name}` })
  ).filter((one) => one.name === name)
  if (object === undefined) return { state: 'absent' }
  if (object.labels['app.kubernetes.io/name'] !== 'pullpass')
    return {
      state: 'kept',
      reason: 'it has no label app.kubernetes.io/name=pullpass: it was not created by pullpass manifests',
    }
  const kinds = await discoverNamespacedKinds(cluster)
  if (kinds === undefined)
    return { state: 'kept', reason: 'the API server does not list all of its kinds, so what it contains is not known' }
  const lists = await Promise.all(kinds.map(async (kind) => await listObjects(cluster, kind, { namespace: name })))
  const foreign = foreignObjects(lists.flat(), ours)
  if (foreign.length === 0) return { state: 'removable', object, policies }
  const named = foreign.slice(0, 5).map(({ type, name: found }) => `${type.kind} ${found}`)
  const more = foreign.length > named.length ? ` and ${foreign.length - named.length} more` : ''
  return { state: 'kept', reason: `it contains other objects: ${named.join(', ')}${more}` }
}

/** Objects that neither the installation, an owner in it, nor Kubernetes itself put there. */
function foreignObjects(objects: readonly ApiObject[], ours: ReadonlySet<string>): ApiObject[] {
  const owned = new Set(ours)
  for (let size = -1; size !== owned.size; ) {
    size = owned.size
    for (const { uid, ownerUids } of objects) if (ownerUids.some((owner) => owned.has(owner))) owned.add(uid)
  }
  return objects.filter((object) => !owned.has(object.uid) && !isOfKubernetes(object))
}

/** Of the core group: created in every namespace, or of no use after it; and the record of grants, which is of no use after `trust destroy`. */
const everywhere = new Set([
  'ServiceAccount default',
  'ConfigMap kube-root-ca.crt',
  'ConfigMap openshift-service-ca.crt',
  `ConfigMap ${trustRecordName}`,
])
const eventGroups = ['', 'events.k8s.io']
/** A custom resource may have a kind of the same name: the API group distinguishes them. */
const isOfKubernetes = ({ type: { group, kind }, name }: ApiObject) =>
  kind === 'Event' ? eventGroups.includes(group) : group === '' && everywhere.has(`${kind} ${name}`)
