/**
 * A real kube-apiserver, by default on a free port of 127.0.0.1, with RBAC: the first of its cluster, or a replica on
 * the same etcd. https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { findControlPlaneProgram } from '../process/find-program.ts'
import { freePort } from '../process/free-port.ts'
import type { PartContext } from '../process/start-part.ts'
import type { RunningProcess } from '../process/start-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { type ApiServerPlan, type KeyFiles, writeKeyFiles } from './api-server-plan.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

/** Where a server listens, unless its plan names another address. */
export const loopback = '127.0.0.1'

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

/** A server ends after a minute: collecting only at this size takes a tenth less CPU. https://pkg.go.dev/runtime#hdr-Environment_Variables */
const lessCollection = { GOGC: 'off', GOMEMLIMIT: '512MiB' }

/** `name`: of the folder for its key files. */
export async function startApiServer(
  cluster: ClusterContext,
  name: string,
  plan: ApiServerPlan & Required<Pick<ApiServerPlan, 'keys'>>,
): Promise<RunningApiServer> {
  const listen = plan.listen ?? { address: loopback, port: await freePort() }
  const server = `https://${listen.address}:${listen.port}`
  let current = { issuer: server, ...plan }
  const start = async () => {
    const files = await writeKeyFiles(join(cluster.context.folder, name), current.keys)
    const program = await findControlPlaneProgram('kube-apiserver')
    const options = renderFlags(cluster, { ...current, listen }, files)
    const running = cluster.context.start(program, options, lessCollection)
    cluster.context.defer(() => running.stop('SIGKILL')) // at the end of the tests: SIGTERM would take one to three seconds
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

/**
 * All servers of a cluster share one certificate. kube-apiserver would create it, of RSA keys, which takes an eighth of the CPU time
 * of its start; like its own, the file has the CA too. Where it does not exist, the server still creates it.
 */
export async function writeServerCertificate(folder: string, address: string): Promise<void> {
  const authority = await createCertificateAuthority()
  const { certificate, key } = await authority.issueServerCertificate(['kubernetes.default.svc', address])
  await writeFile(join(folder, 'apiserver.crt'), `${certificate}\n${authority.ca}\n`)
  await writeFile(join(folder, 'apiserver.key'), key, { mode: 0o600 })
}

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
