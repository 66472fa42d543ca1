/**
 * A real kube-apiserver, by default on a free port of 127.0.0.1, with RBAC; the first of its cluster, or a further one on
 * the same etcd. https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../process/free-port.ts'
import type { PartContext } from '../process/start-part.ts'
import type { RunningProcess } from '../process/start-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import type { ApiServerPlan } from './api-server-plan.ts'
import { findControlPlaneProgram } from './find-control-plane-program.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'
import { type KeyFiles, writeKeyFiles } from './write-key-files.ts'

/** What the servers of one cluster share. */
export interface ClusterContext {
  readonly context: PartContext
  readonly etcdAddress: string
  readonly adminToken: string
  readonly tokenFile: string
  readonly controllers: 'none' | 'all'
}

export interface RunningApiServer extends ApiServer {
  /** As it was started first. */
  readonly issuer: string
  /** PEM, private: what signs service account tokens. */
  readonly signingKeyFile: string
  /** Ends it and starts it anew at its own address, with what the change names: that is how key files are rotated. */
  restart(change: ApiServerPlan): Promise<void>
  /** Ends this one; the others of its cluster go on. */
  stop(): Promise<void>
}

/** `name` is its folder's, where its key files lie. */
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
    const running = cluster.context.start(program, renderFlags(cluster, { ...current, listen }, files))
    return { ...files, running, apiServer: await waitUntilReady(cluster, server, running) }
  }
  let { running, signingKeyFile, apiServer } = await start()
  const restart = async (change: ApiServerPlan): Promise<void> => {
    current = { ...current, ...change }
    await running.stop()
    running = (await start()).running
  }
  return { ...apiServer, issuer: current.issuer, signingKeyFile, restart, stop: () => running.stop() }
}

/** All servers of a cluster have one certificate: the first signs it itself, in the folder that they share. */
async function waitUntilReady(
  { context: { folder }, adminToken }: ClusterContext,
  server: string,
  { ended }: RunningProcess,
): Promise<ApiServer> {
  // It writes its certificate as it starts: half of the file, read once, would verify nothing.
  const read = async () => {
    const apiServer = { server, authority: await readFile(join(folder, 'apiserver.crt'), 'utf8'), adminToken }
    return (await isReady(apiServer)) && apiServer
  }
  return await waitUntil('kube-apiserver', 60_000, read, ended)
}

/** /readyz does not wait for the namespaces that the server itself makes. */
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
  `--service-account-jwks-uri=https://${listen.address}:${listen.port}/openid/v1/jwks`, // by default an address of the machine where it does not listen
  `--service-account-signing-key-file=${signingKeyFile}`,
  `--service-account-key-file=${verifyingKeyFile}`,
  ...Object.entries(featureGates).map(([gate, state]) => `--feature-gates=${gate}=${state}`),
  ...flags,
]
