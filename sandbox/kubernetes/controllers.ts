/** The controllers of kube-controller-manager that matter to pullpass: default ServiceAccounts, root certificates, namespace
 *  deletion and garbage collection. They run synchronously after a write, where the real ones take seconds.
 *  https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
import { markDeleted } from './calls/delete-object.ts'
import type { Cluster } from './cluster.ts'
import { phaseOf } from './kinds/namespace.ts'
import { resourceKinds } from './kinds/resource-kinds.ts'
import type { KubernetesObject, StoredObject } from './objects/kubernetes-object.ts'
import type { ObjectStore, StoredChange } from './objects/object-store.ts'

type Controlled = Pick<Cluster, 'store' | 'now' | 'ca' | 'definitions'>

/** Reconciles every change after this version, including its own, until nothing changes. */
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
  if (object.kind === 'CustomResourceDefinition') serveCustomResources(cluster)
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

/** While their definitions exist; without them, their objects are deleted. */
function serveCustomResources({ store, definitions }: Controlled): void {
  for (const { kind, plural, group, version } of resourceKinds) {
    if (version === undefined) continue
    const isDefined = store.read('CustomResourceDefinition', '', `${plural}.${group}`) !== undefined
    if (isDefined) definitions.add(kind)
    if (isDefined || !definitions.delete(kind)) continue
    for (const object of store.list(kind)) store.remove(object)
    store.emitter.emit('undefined', kind)
  }
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

/** Deletes the content of the namespace and the namespace, unless finalizers remain. */
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

/** Every owner is deleted or replaced by a namesake. An owner of a kind that is not served is assumed to exist. */
function isOrphan(store: ObjectStore, { metadata }: StoredObject): boolean {
  const owners = metadata.ownerReferences ?? []
  const exists = ({ kind, name, uid }: (typeof owners)[number]): boolean => {
    const served = resourceKinds.find((known) => known.kind === kind)
    return !served || store.read(kind, served.namespaced ? (metadata.namespace ?? '') : '', name)?.metadata.uid === uid
  }
  return owners.length > 0 && !owners.some(exists)
}
