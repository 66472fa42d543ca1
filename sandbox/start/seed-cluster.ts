/** Creates namespaces and the ServiceAccount of pullpass in an empty cluster. */
import type { KubernetesApi } from '../kubernetes/kubernetes-api.ts'

export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

export function seedCluster(cluster: KubernetesApi, namespaces: readonly string[], account: ServiceAccountName): void {
  for (const name of new Set([...namespaces, account.namespace]))
    if (!cluster.store.read('Namespace', '', name))
      cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...account } })
}
