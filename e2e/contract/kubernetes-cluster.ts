/** The cluster that a contract runs against: the operations that it must support, and short forms of frequent requests. */
import { type KeyObject, randomBytes } from 'node:crypto'
import {
  type ApiRequest,
  type ApiResponse,
  type ApiServerAddress,
  requestApi,
  type WatchEvent,
  watchApi,
} from './kubernetes-client.ts'

/** An RBAC rule; `namespace` makes it a Role's. */
export interface Rule {
  readonly verbs: readonly string[]
  /** Absent: the core group. */
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly namespace?: string
  readonly nonResourceURLs?: readonly string[]
}

/** How a further API server of the cluster differs from the first. */
export interface ReplicaPlan {
  readonly issuer?: string
  readonly acceptedIssuers?: readonly string[]
  readonly keys?: ServerKeys
  readonly watchList?: 'off'
  /** Its limit of concurrent read requests; absent: the default. */
  readonly readers?: 1
}

/** Private keys; those that verify are published in this order. */
export interface ServerKeys {
  readonly signing: KeyObject
  readonly verifying: readonly KeyObject[]
}

export interface Replica extends ApiServerAddress {
  /** Restarts it with other keys. */
  restart(keys: ServerKeys): Promise<void>
  /** Exhausts its limit of concurrent read requests with a token that may list namespaces. Returns a function that ends these requests. */
  occupy(token: string): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A server with running controllers, and operations that its API does not offer. */
export interface KubernetesTarget extends ApiServerAddress {
  /** Of a user with all permissions. */
  readonly adminToken: string
  readonly issuer: string
  /** The only key with which the first server signs and verifies. */
  readonly signingKey: KeyObject
  /** A further API server of the same cluster, with the first one's users. */
  startReplica(plan: ReplicaPlan): Promise<Replica>
  /** The server's clock. */
  now(): Date
  /** Resolves when the server's clock has reached this instant. */
  waitUntil(instant: Date): Promise<void>
  /** Discards every earlier version, as etcd's compaction does. */
  compact(): Promise<void>
  /** Installs the definition of ClusterPullSecret, or deletes it; resolves when the API server has done so. */
  installDefinitions(): Promise<void>
  deleteDefinitions(): Promise<void>
  /** Path of a collection whose earlier changes were compacted: a watch from version 1 on is too old. */
  compactedCollection(): Promise<string>
  /** The token of a new user with only these rules. */
  createUser(rules: readonly Rule[]): Promise<string>
}

export type TargetRequest = Omit<ApiRequest, 'token'> & { readonly token?: string }

export interface ContractCluster {
  readonly target: KubernetesTarget
  request(request: TargetRequest): Promise<ApiResponse>
  /** Server-side apply of a Secret, `fieldManager` as given. */
  apply(namespace: string, secret: SecretBody, manager: string, more?: ApplyExtras): Promise<ApiResponse>
  readSecret(namespace: string, name: string): Promise<ApiResponse>
  /** A new namespace for the test. It remains: deleting it would cost the controllers more than all cases. */
  createNamespace(): Promise<string>
  createServiceAccount(namespace: string, name: string): Promise<void>
  /** Events until the watch ends; `timeoutSeconds` in the path ends it. */
  watch(request: TargetRequest, signal?: AbortSignal): AsyncGenerator<WatchEvent>
}

interface ApplyExtras extends Partial<TargetRequest> {
  /** Further query, beginning with `&`. */
  readonly query?: string
}

export interface SecretBody {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
export const metadataListOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
export const applyPatch = 'application/apply-patch+yaml'
export const mergePatch = 'application/merge-patch+json'
export const strategicMergePatch = 'application/strategic-merge-patch+json'
export const jsonPatch = 'application/json-patch+json'

export function createContractCluster(target: KubernetesTarget): ContractCluster {
  const withToken = (request: TargetRequest): ApiRequest => ({ token: target.adminToken, ...request })
  const send = (request: TargetRequest): Promise<ApiResponse> => requestApi(target, withToken(request))
  return {
    target,
    request: send,
    apply: (namespace, body, manager, { query = '', ...more } = {}) =>
      send({
        method: 'PATCH',
        path: `${secretsOf(namespace)}/${body.metadata.name}?fieldManager=${encodeURIComponent(manager)}${query}`,
        contentType: applyPatch,
        body,
        ...more,
      }),
    readSecret: (namespace, name) => send({ path: `${secretsOf(namespace)}/${name}` }),
    async createNamespace() {
      const name = `contract-${randomBytes(4).toString('hex')}`
      await send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
      return name
    },
    async createServiceAccount(namespace, name) {
      await send({ method: 'POST', path: accountsOf(namespace), body: { metadata: { name } } })
    },
    watch: (request, signal = AbortSignal.timeout(10_000)) => watchApi(target, withToken(request), signal),
  }
}

export const configMapsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`
export const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`
export const eventsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/events`
export const slicesOf = (namespace: string): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
export const secretsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`
export const accountsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts`

/** A pull secret with one password. */
export const pullSecret = (name: string, password: string, metadata: object = {}): SecretBody => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, ...metadata },
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': dockerConfig(password) },
})

export const dockerConfig = (password: string): string =>
  Buffer.from(JSON.stringify({ auths: { 'registry.example': { auth: password } } })).toString('base64')

/** A Secret with only these fields. */
export const secretWith = (name: string, fields: object = {}, metadata: object = {}): SecretBody => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, ...metadata },
  ...fields,
})

/** Labels of the largest size that the API server accepts; 4,294 of them exceed what etcd stores. */
export const manyLabels = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const number = String(index).padStart(5, '0')
      return [`${number}.${longDomain}/${number}${'k'.repeat(58)}`, 'v'.repeat(63)]
    }),
  )

/** 247 characters: a prefix has at most 253. */
const longDomain = [...Array.from({ length: 4 }, () => 'd'.repeat(49)), 'd'.repeat(47)].join('.')

/** Repeats the request until the response matches, for as long as controllers may take; returns the last response. */
export async function eventually(
  request: () => Promise<ApiResponse>,
  matches: (response: ApiResponse) => boolean,
): Promise<ApiResponse> {
  const deadline = Date.now() + 60_000 // the namespace controller alone may wait 15 s before it tries again
  for (;;) {
    const response = await request()
    if (matches(response) || Date.now() > deadline) return response
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
