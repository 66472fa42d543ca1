/**
 * A real node of a real control plane: containerd and a kubelet on this machine, which pull images and run Pods with its
 * name (`nodeName: localhost`, `hostNetwork: true`: there is no scheduler and no Pod network). Needs root.
 * https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AbsentPart } from '../../tools/real-parts/run-installer.ts'
import { requestKubernetes } from './control-plane/request-kubernetes.ts'
import { renderKubeconfig } from './control-plane/users.ts'
import { saveHostSettings, unmountUnder } from './node/restore-host.ts'
import { startContainerd } from './node/start-containerd.ts'
import { findControlPlaneProgram } from './process/find-program.ts'
import { freePort } from './process/free-port.ts'
import { type PartContext, startPart } from './process/start-part.ts'
import { waitUntil } from './process/wait-until.ts'
import type { RealPart } from './real-part.ts'
import type { ControlPlane } from './start-control-plane.ts'

export interface RealNode extends RealPart {
  readonly name: string
}

const name = 'localhost' // the API server has only the token of this node, and connects to it by this name
const readyTimeoutMs = 60_000

/** The kubelet's credential provider plugins. */
export interface NodePlugins {
  /** Path of the CredentialProviderConfig. */
  readonly config: string
  /** Folder of the programs. */
  readonly programs: string
  /** Of the kubelet, which passes it on. */
  readonly environment: Readonly<Record<string, string>>
}

/** @throws AbsentPart without root, on a machine that is already a node, or if a program is missing. */
export const startNode = (apiServer: ControlPlane, plugins?: NodePlugins): Promise<RealNode> =>
  startPart('node', async (context) => {
    if (process.getuid?.() !== 0) throw new AbsentPart('a kubelet needs root: run the tests as root')
    if (existsSync('/var/lib/kubelet/pki')) throw new AbsentPart('this machine is a Kubernetes node already')
    context.defer(() => unmountUnder(context.folder))
    context.defer(await saveHostSettings())
    const runtimeEndpoint = await startContainerd(context)
    const { ended } = await startKubelet(context, apiServer, { runtimeEndpoint, plugins })
    await waitUntil('the node', readyTimeoutMs, () => isReady(apiServer), ended)
    return { name }
  })

interface KubeletOptions {
  readonly runtimeEndpoint: string
  readonly plugins: NodePlugins | undefined
}

async function startKubelet(
  { folder, start }: PartContext,
  apiServer: ControlPlane,
  { runtimeEndpoint, plugins }: KubeletOptions,
) {
  const [configFile, kubeconfigFile] = [join(folder, 'kubelet.json'), join(folder, 'kubeconfig')]
  const config = renderKubeletConfig({ folder, runtimeEndpoint, port: await freePort() })
  await writeFile(configFile, config)
  await writeFile(kubeconfigFile, renderKubeconfig(apiServer, apiServer.nodeToken), { mode: 0o600 })
  await mkdir(join(folder, 'kubelet'))
  const flags = [
    `--config=${configFile}`,
    `--kubeconfig=${kubeconfigFile}`,
    `--root-dir=${join(folder, 'kubelet')}`,
    `--cert-dir=${join(folder, 'kubelet-certificates')}`,
    `--hostname-override=${name}`,
    ...(plugins === undefined
      ? []
      : [
          `--image-credential-provider-config=${plugins.config}`,
          `--image-credential-provider-bin-dir=${plugins.programs}`,
        ]),
  ]
  return start(await findControlPlaneProgram('kubelet'), flags, plugins?.environment)
}

async function isReady(apiServer: ControlPlane): Promise<true | undefined> {
  const response = await requestKubernetes(apiServer, { path: `/api/v1/nodes/${name}` })
  if (response.status !== 200) return undefined
  const node: { status: { conditions?: { type: string; status: string }[] } } = JSON.parse(response.body)
  return node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') || undefined
}

interface KubeletPlan {
  readonly folder: string
  readonly runtimeEndpoint: string
  readonly port: number
}

/** For a shared machine: all folders in one, no eviction, no firewall rules. */
const renderKubeletConfig = ({ folder, runtimeEndpoint, port }: KubeletPlan): string =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port,
    healthzPort: 0,
    // The API server requests logs without a client certificate; the port is only reachable from this machine.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: runtimeEndpoint,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false, // does not create `kubepods`
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    podLogsDir: join(folder, 'logs'),
    volumePluginDir: join(folder, 'volume-plugins'),
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1Mi', 'imagefs.available': '1Mi' },
  })
