/**
 * A real control plane on 127.0.0.1: etcd, kube-apiserver and, where asked, kube-controller-manager. Three seconds to
 * start. https://kubernetes.io/docs/reference/command-line-tools-reference/
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findControlPlaneProgram } from './control-plane/find-control-plane-program.ts'
import { renderKubeconfig } from './control-plane/render-kubeconfig.ts'
import { requestKubernetes } from './control-plane/request-kubernetes.ts'
import { type ApiServerPlan, type StartedApiServer, startApiServer } from './control-plane/start-api-server.ts'
import { freePort } from './ground/free-port.ts'
import { type PartGround, startPart } from './ground/start-part.ts'
import { waitUntil } from './ground/wait-until.ts'
import type { RealPart } from './real-part.ts'

export interface ControlPlane extends RealPart, StartedApiServer {
  /** `http://127.0.0.1:PORT` */
  readonly etcdAddress: string
  /** With the admin's token. */
  readonly kubeconfig: string
}

/** @throws AbsentPart where a program is not there and cannot be built. */
export const startControlPlane = (plan: ApiServerPlan = {}): Promise<ControlPlane> =>
  startPart('control-plane', async (ground) => {
    const etcdAddress = await startEtcd(ground)
    const apiServer = await startApiServer(ground, etcdAddress, plan)
    const kubeconfig = renderKubeconfig(apiServer, apiServer.adminToken)
    if (plan.controllers === 'all') await startControllers(ground, apiServer, kubeconfig)
    return { ...apiServer, etcdAddress, kubeconfig }
  })

/** The address that it will listen on: the API server waits for it by itself. */
async function startEtcd({ folder, start }: PartGround): Promise<string> {
  const address = `http://127.0.0.1:${await freePort()}`
  const peerAddress = `http://127.0.0.1:${await freePort()}`
  start(await findControlPlaneProgram('etcd'), [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${address}`,
    `--advertise-client-urls=${address}`,
    `--listen-peer-urls=${peerAddress}`,
    `--initial-advertise-peer-urls=${peerAddress}`,
    `--initial-cluster=default=${peerAddress}`,
    '--unsafe-no-fsync', // nothing here has to outlive a power failure
    '--log-level=warn',
  ])
  return address
}

async function startControllers({ folder, start }: PartGround, apiServer: StartedApiServer, kubeconfig: string) {
  const kubeconfigFile = join(folder, 'kubeconfig')
  await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 })
  const { ended } = start(await findControlPlaneProgram('kube-controller-manager'), [
    `--kubeconfig=${kubeconfigFile}`,
    `--service-account-private-key-file=${apiServer.signingKeyFile}`,
    `--root-ca-file=${join(folder, 'apiserver.crt')}`,
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
