/** What kube-controller-manager does after a write, as far as pullpass notices: default ServiceAccounts, root certificates, the end of
 *  namespaces, and the removal of what lost its owners. Here it is done at once, where the real one takes seconds.
 *  https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
import { markDeleted } from './calls/delete-object.ts'
import type { Cluster } from './cluster.ts'
import { phaseOf } from './kinds/namespace.ts'
import { resourceKinds } from './kinds/resource-kinds.ts'
import type { KubernetesObject, StoredObject } from './objects/kubernetes-object.ts'
import type { ObjectStore, StoredChange } from './objects/object-store.ts'

type Controlled = Pick<Cluster, 'store' | 'now' | 'ca'>

/** Follows every change after this version, its own included, until nothing is left to do. */
export function runControllers(cluster: Controlled, since: number): void {
  const { store } = cluster
  const changes = store.changesSince(since) ?? []
  const upTo = store.resourceVersion
  for (const change of changes) reconcile(cluster, change)
  if (store.resourceVersion > upTo) runControllers(cluster, upTo)
}

function reconcile(cluster: Controlled, { type, object }: StoredChange): void {
  const { store } = cluster
  const { namespace = '', name } = object.metadata
  const current = store.read(object.kind, namespace, name)
  if (type === 'DELETED') {
    const parent = store.read('Namespace', '', namespace)
    if (parent && phaseOf(parent) === 'Terminating') finalizeNamespace(cluster, parent)
    for (const dependent of dependents(store, object)) if (isOrphan(store, dependent)) deleteObject(cluster, dependent)
    return
  }
  if (!current) return
  if (current.kind === 'Namespace') reconcileNamespace(cluster, current)
  else if (current.metadata.deletionTimestamp || isOrphan(store, current)) deleteObject(cluster, current)
}

function reconcileNamespace(cluster: Controlled, namespace: StoredObject): void {
  const { name } = namespace.metadata
  if (phaseOf(namespace) === 'Terminating') finalizeNamespace(cluster, namespace)
  else {
    const { store, ca } = cluster
    const supply = (object: KubernetesObject): void => {
      if (!store.read(object.kind, name, object.metadata.name)) store.put(object)
    }
    supply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } })
    if (ca) supply({ ...rootCertificates(name), data: { 'ca.crt': ca } })
  }
}

const rootCertificates = (namespace: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-root-ca.crt', namespace, annotations: { 'kubernetes.io/description': aboutCertificates } },
})

const aboutCertificates =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Empties the namespace and takes it away, unless a finalizer holds it or something in it. */
function finalizeNamespace(cluster: Controlled, namespace: StoredObject): void {
  const content = (): StoredObject[] =>
    resourceKinds
      .filter(({ namespaced }) => namespaced)
      .flatMap(({ kind }) => cluster.store.list(kind, namespace.metadata.name))
  for (const object of content()) deleteObject(cluster, object)
  if (content().length === 0) deleteObject(cluster, namespace)
}

function deleteObject(cluster: Controlled, object: StoredObject): void {
  if ((object.metadata.finalizers ?? []).length > 0) markDeleted(cluster, object)
  else cluster.store.remove(object)
}

const dependents = (store: ObjectStore, owner: StoredObject): StoredObject[] =>
  resourceKinds
    .flatMap(({ kind }) => store.list(kind))
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))

/** Every owner is gone, or is another object of that name. An owner of a kind that is not served here counts as present. */
function isOrphan(store: ObjectStore, { metadata }: StoredObject): boolean {
  const owners = metadata.ownerReferences ?? []
  const exists = ({ kind, name, uid }: (typeof owners)[number]): boolean => {
    const served = resourceKinds.find((known) => known.kind === kind)
    return !served || store.read(kind, served.namespaced ? (metadata.namespace ?? '') : '', name)?.metadata.uid === uid
  }
  return owners.length > 0 && !owners.some(exists)
}
