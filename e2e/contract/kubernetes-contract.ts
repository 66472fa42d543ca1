/** The API server behaviour that pullpass relies on: the same cases run against the sandbox and kube-apiserver,
 *  so that the sandbox cannot drift. https://kubernetes.io/docs/reference/using-api/ */
import { after, before, suite } from 'node:test'
import { applyCases } from './cases/kubernetes-apply-cases.ts'
import { collectionCases } from './cases/kubernetes-collection-cases.ts'
import { configMapCases } from './cases/kubernetes-config-map-cases.ts'
import { connectionCases } from './cases/kubernetes-connection-cases.ts'
import { customResourceCases } from './cases/kubernetes-custom-resource-cases.ts'
import { endpointSliceCases } from './cases/kubernetes-endpoint-slice-cases.ts'
import { eventCases } from './cases/kubernetes-event-cases.ts'
import { type IdleConnections, idleCases, openIdleConnections } from './cases/kubernetes-idle-cases.ts'
import { issuerCases } from './cases/kubernetes-issuer-cases.ts'
import { leaseCases } from './cases/kubernetes-lease-cases.ts'
import { listCases } from './cases/kubernetes-list-cases.ts'
import { namespaceCases } from './cases/kubernetes-namespace-cases.ts'
import { ownershipCases } from './cases/kubernetes-ownership-cases.ts'
import { permissionCases } from './cases/kubernetes-permission-cases.ts'
import { podCases } from './cases/kubernetes-pod-cases.ts'
import { refusalCases } from './cases/kubernetes-refusal-cases.ts'
import { replicaCases } from './cases/kubernetes-replica-cases.ts'
import { reviewCases } from './cases/kubernetes-review-cases.ts'
import { serverFlagCases } from './cases/kubernetes-server-flag-cases.ts'
import { serviceAccountCases } from './cases/kubernetes-service-account-cases.ts'
import { tokenCases } from './cases/kubernetes-token-cases.ts'
import { watchCases } from './cases/kubernetes-watch-cases.ts'
import { watchTimeoutCases } from './cases/kubernetes-watch-timeout-cases.ts'
import { type ContractCluster, createContractCluster, type KubernetesTarget } from './kubernetes-cluster.ts'

/** A target that is closed after the last case. */
export type StartedTarget = KubernetesTarget & { close?(): Promise<void> }

/** `start` is called once; every case uses its own namespace. */
export function kubernetesContract(name: string, start: () => Promise<StartedTarget>): void {
  suite(`Kubernetes contract: ${name}`, () => {
    let target: StartedTarget | undefined
    let cluster: ContractCluster | undefined
    let idle: IdleConnections | undefined
    before(async () => {
      target = await start()
      cluster = createContractCluster(target)
      idle = await openIdleConnections(target) // evaluated last, so that their idle time overlaps with the other cases
    })
    after(async () => {
      await idle?.close()
      await target?.close?.()
    })
    const started = (): ContractCluster => {
      if (!cluster) throw new Error('the cluster did not start')
      return cluster
    }
    suite('apply', () => applyCases(started))
    suite('refusal', () => refusalCases(started))
    suite('ownership', () => ownershipCases(started))
    suite('namespaces', () => namespaceCases(started))
    suite('service accounts', () => serviceAccountCases(started))
    suite('config maps', () => configMapCases(started))
    suite('pods', () => podCases(started))
    suite('events', () => eventCases(started))
    suite('endpoint slices', () => endpointSliceCases(started))
    suite('leases', () => leaseCases(started))
    suite('custom resources', () => customResourceCases(started))
    suite('reviews', () => reviewCases(started))
    suite('permissions', () => permissionCases(started))
    suite('list', () => listCases(started))
    suite('watch', () => watchCases(started))
    suite('watch timeouts', { concurrency: true }, () => watchTimeoutCases(started))
    suite('collections', () => collectionCases(started))
    suite('tokens', () => tokenCases(started))
    suite('connection', () => connectionCases(started))
    suite('issuer', () => issuerCases(started))
    suite('replicas', () => replicaCases(started))
    suite('a server with other flags', () => serverFlagCases(started))
    suite('idle connections', () => idleCases(started, () => idle))
  })
}
