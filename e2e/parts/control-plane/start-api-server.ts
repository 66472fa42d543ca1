/**
 * A real kube-apiserver, by default on a free port of 127.0.0.1, with RBAC: the first of its cluster, or a replica on
 * the same etcd. https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findControlPlaneProgram } from '../process/find-program.ts'
import { freePort } from '../process/free-port.ts'
import type { PartContext } from '../process/start-part.ts'
import type { RunningProcess } from '../process/start-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { type ApiServerPlan, type KeyFiles, writeKeyFiles } from './api-server-plan.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

/** Shared by the servers of one cluster. */
export interface ClusterContext {
  readonly context: PartContext
  readonly etcdAddress: string
  readonly adminToken: string
  readonly tokenFile: string
  readonly controllers: 'none' | 'all'
}

export interface RunningApiServer extends ApiServer {
  /** Of its first start. */
  readonly issuer: string
  /** PEM, private: signs service account tokens. */
  readonly signingKeyFile: string
  /** Restarts it at the same address with these changes, as for a rotation of key files. */
  restart(change: ApiServerPlan): Promise<void>
  /** Stops this server, as `RunningProcess.stop`; the others of its cluster keep running. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** `name`: of the folder for its key files. */
export async function startApiServer(
  cluster: ClusterContext,
  name: string,
  plan: ApiServerPlan & Required<Pick<ApiServerPlan, 'keys'>>,
): Promise<RunningApiServer> {
  const listen = plan.listen ?? { address: '127.0.0.1', port: await freePort() }
  const server = `https://${listen.address}:${listen.port}`
  let current = { issuer: server, ...plan }
  const start = async () => {
    const files = await writeKeyFiles(join(cluster.context.folder, name), current.keys)
    const program = await findControlPlaneProgram('kube-apiserver')
    const options = renderFlags(cluster, { ...current, listen }, files)
    const running = cluster.context.start(program, options, { GOGC: '400' }) // a tenth less CPU
    return { ...files, running, apiServer: await waitUntilReady(cluster, server, running) }
  }
  let { running, signingKeyFile, apiServer } = await start()
  const restart = async (change: ApiServerPlan): Promise<void> => {
    current = { ...current, ...change }
    await running.stop()
    running = (await start()).running
  }
  return { ...apiServer, issuer: current.issuer, signingKeyFile, restart, stop: (signal) => running.stop(signal) }
}

/** All servers of a cluster share one certificate: the first creates a self-signed one in the shared folder. */
async function waitUntilReady(
  { context: { folder }, adminToken }: ClusterContext,
  server: string,
  { ended }: RunningProcess,
): Promise<ApiServer> {
  // The certificate is written during the start: it is read again until it is complete.
  const read = async () => {
    const apiServer = { server, authority: await readFile(join(folder, 'apiserver.crt'), 'utf8'), adminToken }
    return (await isReady(apiServer)) && apiServer
  }
  return await waitUntil('kube-apiserver', 60_000, read, ended)
}

/** /readyz does not wait for the namespaces that the server creates. */
async function isReady(apiServer: ApiServer): Promise<true | undefined> {
  for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-system']) {
    const { status } = await requestKubernetes(apiServer, { path })
    if (status !== 200) return undefined
  }
  return true
}

type ListeningPlan = ApiServerPlan & Required<Pick<ApiServerPlan, 'listen'>>

const renderFlags = (
  { context: { folder }, etcdAddress, tokenFile, controllers }: ClusterContext,
  { listen, issuer, acceptedIssuers = [], featureGates = {}, flags = [] }: ListeningPlan,
  { signingKeyFile, verifyingKeyFile }: KeyFiles,
): string[] => [
  `--etcd-servers=${etcdAddress}`,
  `--bind-address=${listen.address}`,
  `--secure-port=${listen.port}`,
  `--cert-dir=${folder}`,
  '--service-cluster-ip-range=10.0.0.0/24',
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
  // Without controllers no namespace has a default service account, and this plugin would refuse every Pod.
  ...(controllers === 'all' ? [] : ['--disable-admission-plugins=ServiceAccount']),
  '--kubelet-preferred-address-types=Hostname',
  `--token-auth-file=${tokenFile}`,
  ...[issuer, ...acceptedIssuers].map((accepted) => `--service-account-issuer=${accepted}`),
  `--service-account-jwks-uri=https://${listen.address}:${listen.port}/openid/v1/jwks`, // the default is an address where it does not listen
  `--service-account-signing-key-file=${signingKeyFile}`,
  `--service-account-key-file=${verifyingKeyFile}`,
  ...Object.entries(featureGates).map(([gate, state]) => `--feature-gates=${gate}=${state}`),
  ...flags,
]
