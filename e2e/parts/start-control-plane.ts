/**
 * A real control plane on 127.0.0.1: etcd, kube-apiserver and, on request, kube-controller-manager. It starts in three
 * seconds. https://kubernetes.io/docs/reference/command-line-tools-reference/
 *
 * A control plane with several API servers during a key rotation:
 *
 *     const [old, next] = [generateSigningKey(), generateSigningKey()]
 *     const plane = await startControlPlane({ keys: { signing: old, verifying: [old] } })
 *     const replica = await plane.startReplica({ keys: { signing: next, verifying: [next, old] } })
 *     await plane.restart({ keys: { signing: next, verifying: [next, old] } })
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ApiServerPlan, type ControlPlanePlan, generateSigningKey } from './control-plane/api-server-plan.ts'
import { type ApiServer, requestAsAdmin, requestKubernetes } from './control-plane/request-kubernetes.ts'
import {
  loopback,
  type RunningApiServer,
  startApiServer,
  writeServerCertificate,
} from './control-plane/start-api-server.ts'
import { renderKubeconfig, type Users, writeUsers } from './control-plane/users.ts'
import { findControlPlaneProgram } from './process/find-program.ts'
import { freePort } from './process/free-port.ts'
import { type PartContext, startPart } from './process/start-part.ts'
import { waitUntil } from './process/wait-until.ts'
import type { RealPart } from './real-part.ts'

export interface ControlPlane extends RealPart, Users, RunningApiServer {
  /** `http://127.0.0.1:PORT` */
  readonly etcdAddress: string
  /** With the admin's token. */
  readonly kubeconfig: string
  /** A further API server of the same cluster, with the first one's certificate and users, and its issuer and keys
   *  unless the plan names others. It is stopped with the control plane, or earlier by `stop`. */
  startReplica(plan?: ApiServerPlan): Promise<RunningApiServer>
}

/** @throws AbsentPart where a program does not exist and cannot be built. */
export const startControlPlane = ({
  controllers = 'none',
  controllerAccounts = 'own',
  users: names = [],
  ...plan
}: ControlPlanePlan = {}): Promise<ControlPlane> =>
  startPart('control-plane', async (context) => {
    const [etcdAddress, users] = [
      await startEtcd(context),
      await writeUsers(context.folder, [...names, controllerManager]),
    ]
    const cluster = { context: context, etcdAddress, controllers, ...users }
    const key = generateSigningKey()
    const keys = plan.keys ?? { signing: key, verifying: [key] }
    await writeServerCertificate(context.folder, plan.listen?.address ?? loopback)
    const first = await startApiServer(cluster, 'first', { ...plan, keys })
    const kubeconfig = renderKubeconfig(first, first.adminToken)
    if (controllers === 'all') await startControllers(context, first, controllerAccounts, users)
    let replicas = 0
    const startReplica = (differing: ApiServerPlan = {}) => {
      replicas += 1
      return startApiServer(cluster, `replica-${replicas}`, { issuer: first.issuer, keys, ...plan, ...differing })
    }
    const userTokens = new Map([...users.userTokens].filter(([name]) => names.includes(name)))
    return { ...users, ...first, userTokens, etcdAddress, kubeconfig, startReplica }
  })
/** Returns its address without waiting: the API server retries. */
async function startEtcd({ folder, start }: PartContext): Promise<string> {
  const address = `http://127.0.0.1:${await freePort()}`
  const peerAddress = `http://127.0.0.1:${await freePort()}`
  start(await findControlPlaneProgram('etcd'), [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${address}`,
    `--advertise-client-urls=${address}`,
    `--listen-peer-urls=${peerAddress}`,
    `--initial-advertise-peer-urls=${peerAddress}`,
    `--initial-cluster=default=${peerAddress}`,
    '--unsafe-no-fsync', // durability is not needed
    '--log-level=warn',
  ])
  return address
}

const controllerManager = 'system:kube-controller-manager'

async function startControllers(
  { folder, start }: PartContext,
  apiServer: ApiServer & Pick<RunningApiServer, 'signingKeyFile'>,
  accounts: NonNullable<ControlPlanePlan['controllerAccounts']>,
  { userTokens }: Users,
) {
  // Its bootstrap role covers its own requests; the controllers have the permissions of their accounts.
  if (accounts === 'shared') await grantAll(apiServer, controllerManager)
  const kubeconfigFile = join(folder, 'kubeconfig')
  await writeFile(kubeconfigFile, renderKubeconfig(apiServer, userTokens.get(controllerManager) ?? ''), { mode: 0o600 })
  const { ended } = start(await findControlPlaneProgram('kube-controller-manager'), [
    `--kubeconfig=${kubeconfigFile}`,
    `--service-account-private-key-file=${apiServer.signingKeyFile}`,
    `--root-ca-file=${join(folder, 'apiserver.crt')}`,
    `--use-service-account-credentials=${accounts === 'own'}`,
    '--leader-elect=false',
    '--secure-port=0',
  ])
  const defaultAccount = async () => {
    const { status } = await requestKubernetes(apiServer, {
      path: '/api/v1/namespaces/default/serviceaccounts/default',
    })
    return status === 200 || undefined
  }
  await waitUntil('the controllers', 60_000, defaultAccount, ended)
}

const grantAll = async (apiServer: ApiServer, user: string) =>
  await requestAsAdmin(apiServer, {
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: {
      metadata: { name: 'shared-controller-account' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    },
  })

/** To the current revision. https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/ */
export async function compactEtcd(etcdAddress: string): Promise<void> {
  const { header } = await callEtcd(`${etcdAddress}/v3/kv/range`, { key: Buffer.from('/').toString('base64') })
  await callEtcd(`${etcdAddress}/v3/kv/compaction`, { revision: header.revision, physical: true })
}

async function callEtcd(url: string, body: object): Promise<{ header: { revision: string } }> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  const received = await response.text()
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${received}`)
  return JSON.parse(received)
}
