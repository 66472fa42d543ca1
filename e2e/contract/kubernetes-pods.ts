/** Pods of one namespace of a contract's cluster. */
import type { ApiResponse, WatchEvent } from './kubernetes-client.ts'
import {
  accountsOf,
  applyPatch,
  type ContractCluster,
  eventually,
  mergePatch,
  podsOf,
  strategicMergePatch,
} from './kubernetes-cluster.ts'

/** The fields of a Pod that the cases use. */
interface PodJson {
  readonly metadata: { readonly generation?: number }
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly Readonly<Record<string, unknown>>[]
    readonly volumes: readonly { readonly projected: { readonly sources: readonly object[] } }[]
    readonly imagePullSecrets?: readonly object[]
    readonly [field: string]: unknown
  }
  readonly status: { readonly phase?: string; readonly containerStatuses?: readonly { readonly state: object }[] }
}

type PodResponse = ApiResponse & { readonly json: PodJson }

export interface Pods {
  readonly namespace: string
  create(name: string, spec: object): Promise<PodResponse>
  read(name: string): Promise<PodResponse>
  remove(name: string): Promise<PodResponse>
  /** `preconditions`: of its deletion. */
  evict(name: string, preconditions: object): Promise<PodResponse>
  patch(name: string, body: object, contentType?: string): Promise<PodResponse>
  apply(name: string, manager: string, spec: object): Promise<PodResponse>
  applyStatus(name: string, manager: string, status: object, spec?: object): Promise<PodResponse>
  /** As the kubelet does when it backs off. */
  fail(name: string): Promise<PodResponse>
  /** Sets imagePullSecrets of the ServiceAccount. */
  attach(secrets: readonly string[]): Promise<PodResponse>
  list(fieldSelector: string): Promise<PodResponse>
  /** Names of the Pods that a field selector selects, in the namespace or cluster-wide. */
  within(fieldSelector: string): Promise<(string | undefined)[]>
  across(fieldSelector: string): Promise<(string | undefined)[]>
  watch(): AsyncGenerator<WatchEvent>
}

/** Operations on Pods, in a new namespace whose default ServiceAccount exists. */
export async function podsIn(cluster: ContractCluster): Promise<Pods> {
  const namespace = await cluster.createNamespace()
  const path = podsOf(namespace)
  const account = `${accountsOf(namespace)}/default`
  await eventually(
    () => cluster.request({ path: account }),
    ({ status }) => status === 200,
  )
  const request = async (...parameters: Parameters<ContractCluster['request']>): Promise<PodResponse> => {
    const response = await cluster.request(...parameters)
    return { ...response, json: JSON.parse(response.text) }
  }
  const patch = (name: string, body: object, contentType = mergePatch) =>
    request({ method: 'PATCH', path: `${path}/${name}`, contentType, body })
  const apply = (subpath: string, manager: string, fields: object) => {
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: subpath.split('/')[0] }, ...fields }
    return request({
      method: 'PATCH',
      path: `${path}/${subpath}?fieldManager=${manager}`,
      contentType: applyPatch,
      body,
    })
  }
  const names = ({ object }: ApiResponse) => (object.items ?? []).map(({ metadata }) => metadata?.name)
  const list = (selector: string) => request({ path: `${path}?fieldSelector=${selector}` })
  return {
    namespace,
    create: (name: string, spec: object) => request({ method: 'POST', path, body: { metadata: { name }, spec } }),
    read: (name: string) => request({ path: `${path}/${name}` }),
    remove: (name: string) => request({ method: 'DELETE', path: `${path}/${name}` }),
    evict: (name: string, preconditions: object) => {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions: { preconditions } }
      return request({ method: 'POST', path: `${path}/${name}/eviction`, body })
    },
    patch,
    apply: (name: string, manager: string, spec: object) => apply(name, manager, { spec }),
    applyStatus: (name: string, manager: string, status: object, spec?: object) =>
      apply(`${name}/status`, manager, { status, ...(spec && { spec }) }),
    fail: (name: string) =>
      patch(`${name}/status`, { status: { containerStatuses: [backingOff] } }, strategicMergePatch),
    attach: (secrets: readonly string[]) =>
      request({
        method: 'PATCH',
        path: account,
        contentType: mergePatch,
        body: { imagePullSecrets: secrets.map((name) => ({ name })) },
      }),
    list,
    within: async (selector: string) => names(await list(selector)),
    across: async (selector: string) => names(await request({ path: `/api/v1/pods?fieldSelector=${selector}` })),
    watch: () => cluster.watch({ path: `${path}?watch=1` }),
  }
}

const backingOff = {
  name: 'main',
  ready: false,
  restartCount: 0,
  image: 'i',
  imageID: '',
  state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "i"' } },
}
