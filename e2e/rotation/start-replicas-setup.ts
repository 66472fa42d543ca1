/**
 * A control plane at an address that an EndpointSlice may contain, and `pullpass issuer watch`, which is given no API server and
 * trusts the CA of a Pod: a file that is updated from ConfigMap kube-root-ca.crt of its namespace, as by the kubelet.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiServerPlan, ServiceAccountKeys } from '../parts/control-plane/api-server-plan.ts'
import { requestAsAdmin, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import type { RunningApiServer } from '../parts/control-plane/start-api-server.ts'
import { renderKubeconfig } from '../parts/control-plane/users.ts'
import { freePort } from '../parts/process/free-port.ts'
import { spawnProgram } from '../parts/process/pullpass-program.ts'
import { type PartContext, startPart } from '../parts/process/start-part.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import type { RealPart } from '../parts/real-part.ts'
import { type ControlPlane, startControlPlane } from '../parts/start-control-plane.ts'

export interface ReplicasSetup extends RealPart, RunningWatch {
  readonly plane: ControlPlane
  startReplica(plan: ApiServerPlan): Promise<RunningApiServer>
  /** Creates an EndpointSlice with this address, with this token; by default as the cluster's admin. */
  addEndpoint(address: string, port: number, token?: string): Promise<void>
  /** Addresses in the EndpointSlices of Service `kubernetes`. */
  listEndpoints(): Promise<string[]>
  /** Kids of the JWKS in the folder of the watch; none if it does not exist. */
  readPublishedKids(): Promise<string[]>
  /** The content of the CA file of the watch. */
  readCaBundle(): Promise<string>
  /** Restarts the watch with further flags. */
  restartWatch(...flags: string[]): Promise<void>
}

interface RunningWatch {
  /** The response of `/readyz` of the watch. */
  readiness(): Promise<string>
  /** Of the watch, by name and labels. */
  metric(name: string): Promise<number | undefined>
}

interface ReplicasOptions {
  readonly listen: NonNullable<ApiServerPlan['listen']>
  readonly keys: ServiceAccountKeys
  readonly users?: readonly string[]
}

const rootCa = '/api/v1/namespaces/pullpass-system/configmaps/kube-root-ca.crt'

/** @throws AbsentPart if a program does not exist */
export const startReplicasSetup = ({ listen, keys, users = [] }: ReplicasOptions): Promise<ReplicasSetup> =>
  startPart('replicas', async (context) => {
    const issuer = 'https://oidc.example.com/cluster-1'
    const plane = await context.use(startControlPlane({ listen, keys, issuer, users, controllers: 'all' }))
    await requestAsAdmin(plane, {
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { metadata: { name: 'pullpass-system' } },
    })
    const [kubeconfig, folder, caFile] = ['kubeconfig', 'public', 'ca.crt'].map((name) => join(context.folder, name))
    if (kubeconfig === undefined || folder === undefined || caFile === undefined) throw new TypeError('three names')
    await followRootCa(context, plane, caFile)
    const config = JSON.parse(renderKubeconfig(plane, plane.adminToken))
    config.clusters[0].cluster = { server: plane.server, 'certificate-authority': caFile }
    await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 })
    await mkdir(folder)
    let watch = await startWatch(folder, kubeconfig)
    context.defer(() => watch.end())
    return {
      plane,
      startReplica: (plan) => plane.startReplica(plan),
      addEndpoint: (address, port, token = plane.adminToken) =>
        createEndpointSlice({ ...plane, adminToken: token }, address, port),
      listEndpoints: async () => addressesIn((await requestKubernetes(plane, { path: slices })).body),
      readPublishedKids: async () =>
        kidsIn(await readFile(join(folder, 'openid/v1/jwks'), 'utf8').catch(() => '{"keys":[]}')),
      readCaBundle: async () => await readFile(caFile, 'utf8'),
      readiness: () => watch.readiness(),
      metric: (name) => watch.metric(name),
      async restartWatch(...flags) {
        await watch.end()
        watch = await startWatch(folder, kubeconfig, flags)
      },
    }
  })

/** As the kubelet does, at a shorter interval. */
async function followRootCa(context: PartContext, plane: ControlPlane, file: string): Promise<void> {
  let written = ''
  const follow = async () => {
    const { status, body } = await requestKubernetes(plane, { path: rootCa })
    const { data = {} }: { data?: Record<string, string> } = status === 200 ? JSON.parse(body) : {}
    const text = data['ca.crt']
    if (text === undefined) return undefined
    if (text !== written) {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
    written = text
    return true as const
  }
  await waitUntil('kube-root-ca.crt', 30_000, follow)
  const timer = setInterval(() => void follow().catch(() => undefined), 500)
  context.defer(async () => clearInterval(timer))
}

async function startWatch(folder: string, kubeconfig: string, flags: readonly string[] = []) {
  const port = await freePort()
  const args = ['issuer', 'watch', '--to', folder, '--health-listen', `${port}`, ...flags]
  const watch = spawnProgram(args, { KUBECONFIG: kubeconfig })
  const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  const running: RunningWatch & { end(): Promise<void> } = {
    readiness: async () => await get('/readyz').catch(() => ''),
    async metric(name) {
      const text = await get('/metrics').catch(() => '')
      const line = text.split('\n').find((one) => one.startsWith(`pullpass_issuer_${name} `))
      return line === undefined ? undefined : Number(line.split(' ')[1])
    },
    async end() {
      watch.child.kill('SIGTERM')
      await watch.ended
    },
  }
  return running
}

async function createEndpointSlice(plane: ControlPlane, address: string, port: number): Promise<void> {
  const body = {
    metadata: { name: `by-hand-${address}`, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address] }],
    ports: [{ name: 'https', port }],
  }
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  await requestAsAdmin(plane, { method: 'POST', path, body })
}

const slices =
  '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes'

function addressesIn(body: string): string[] {
  const { items }: { items: { endpoints: { addresses: string[] }[] }[] } = JSON.parse(body)
  return items.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses))
}

function kidsIn(text: string): string[] {
  const { keys }: { keys: { kid: string }[] } = JSON.parse(text)
  return keys.map(({ kid }) => kid)
}
