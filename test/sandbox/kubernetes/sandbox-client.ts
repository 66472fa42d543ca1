/** A client of a sandbox cluster without a socket: requests and responses are data. */
import { createKubernetesApi, type KubernetesApi } from '../../../sandbox/kubernetes/kubernetes-api.ts'
import { isRecord } from '../../../sandbox/kubernetes/objects/kubernetes-object.ts'
import type { SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'

export const issuer = 'https://cluster.example'

export interface SandboxClient {
  readonly api: KubernetesApi
  /** As the administrator, unless the headers have other credentials. */
  readonly send: (method: string, path: string, more?: RequestOptions) => Promise<SandboxResponse>
}

export interface RequestOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly clientName?: string
  readonly signal?: AbortSignal
}

export async function createSandboxClient(options: { issuer?: string; now?: () => Date } = {}): Promise<SandboxClient> {
  const api = await createKubernetesApi({
    issuer,
    now: () => new Date('2026-11-24T12:00:00Z'),
    random: () => 0.5,
    tokens: { admin: 'kubernetes-admin' },
    ...options,
  })
  return { api, send: async (method, path, more = {}) => api.handle(requestOf(method, path, more)) }
}

function requestOf(
  method: string,
  target: string,
  { body, headers, clientName, signal }: RequestOptions,
): SandboxRequest {
  const { pathname, searchParams } = new URL(target, issuer)
  return {
    method,
    path: decodeURIComponent(pathname),
    query: searchParams,
    headers: { authorization: 'Bearer admin', ...headers },
    body: Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    signal: signal ?? new AbortController().signal,
    ...(clientName !== undefined && { clientName }),
  }
}

/** A field of the body of a response. */
export const bodyField = ({ body }: SandboxResponse, name: string): unknown => (isRecord(body) ? body[name] : undefined)
