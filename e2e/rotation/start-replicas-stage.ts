/** A control plane at an address that an EndpointSlice may lead to, and `pullpass issuer watch`, which is told of no API server. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnPullpass } from '../../test/support/spawn-pullpass.ts'
import type { ApiServerPlan, ServiceAccountKeys } from '../parts/control-plane/api-server-plan.ts'
import { renderKubeconfig } from '../parts/control-plane/render-kubeconfig.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import type { RunningApiServer } from '../parts/control-plane/start-api-server.ts'
import { freePort } from '../parts/ground/free-port.ts'
import { startPart } from '../parts/ground/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'

export interface ReplicasStage extends RealPart {
  startReplica(plan: ApiServerPlan): Promise<RunningApiServer>
  /** Writes an address into an EndpointSlice of its own, as anybody with the right to it may. */
  list(address: string, port: number): Promise<void>
  /** Addresses in the EndpointSlices of Service `kubernetes`. */
  listed(): Promise<string[]>
  /** Kids of the JWKS that the watch writes into its folder; none as long as there is none. */
  published(): Promise<string[]>
  /** What `/readyz` of the watch says. */
  readiness(): Promise<string>
  /** Of the watch, by name and labels as they stand there. */
  metric(name: string): Promise<number | undefined>
}

interface Wanted {
  readonly listen: NonNullable<ApiServerPlan['listen']>
  readonly keys: ServiceAccountKeys
}

/** @throws AbsentPart where a program is not there */
export const startReplicasStage = ({ listen, keys }: Wanted): Promise<ReplicasStage> =>
  startPart('replicas', async (ground) => {
    const plane = await ground.use(startControlPlane({ listen, keys, issuer: 'https://oidc.example.com/cluster-1' }))
    const create = async (path: string, metadata: object) =>
      await requestKubernetes(plane, { method: 'POST', path, body: { metadata } })
    await create('/api/v1/namespaces', { name: 'pullpass-system' })
    await create('/api/v1/namespaces/default/serviceaccounts', { name: 'default' })
    const [kubeconfig, folder] = [join(ground.folder, 'kubeconfig'), join(ground.folder, 'public')]
    await writeFile(kubeconfig, renderKubeconfig(plane, plane.adminToken), { mode: 0o600 })
    await mkdir(folder)
    const port = await freePort()
    const watch = spawnPullpass(['issuer', 'watch', '--to', folder, '--health-listen', `${port}`], {
      KUBECONFIG: kubeconfig,
    })
    ground.defer(async () => {
      watch.child.kill('SIGTERM')
      await watch.ended
    })
    const askWatch = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    return {
      startReplica: (plan) => plane.startReplica(plan),
      async list(address, listed) {
        const body = {
          metadata: { name: `by-hand-${address}`, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [address] }],
          ports: [{ name: 'https', port: listed }],
        }
        const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
        const answer = await requestKubernetes(plane, { method: 'POST', path, body })
        if (answer.status !== 201) throw new Error(answer.body)
      },
      listed: async () => listedIn((await requestKubernetes(plane, { path: slices })).body),
      published: async () => kidsIn(await readFile(join(folder, 'openid/v1/jwks'), 'utf8').catch(() => '{"keys":[]}')),
      readiness: async () => await askWatch('/readyz'),
      async metric(name) {
        const line = (await askWatch('/metrics')).split('\n').find((one) => one.startsWith(`pullpass_issuer_${name} `))
        return line === undefined ? undefined : Number(line.split(' ')[1])
      },
    }
  })

const slices =
  '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes'

function listedIn(body: string): string[] {
  const { items }: { items: { endpoints: { addresses: string[] }[] }[] } = JSON.parse(body)
  return items.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses))
}

function kidsIn(text: string): string[] {
  const { keys }: { keys: { kid: string }[] } = JSON.parse(text)
  return keys.map(({ kid }) => kid)
}
