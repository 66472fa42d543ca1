/** One request to a real kube-apiserver, like `kubectl --raw`, independent of the code under test. */
import { type RequestOptions, request } from 'node:https'
import { text } from 'node:stream/consumers'

export interface ApiServer {
  /** `https://ADDRESS:PORT`; its certificate is for `kubernetes.default.svc`, independent of the address. */
  readonly server: string
  /** PEM of the CA of its certificate. */
  readonly authority: string
  /** Of a member of `system:masters`. */
  readonly adminToken: string
}

export interface KubernetesRequest {
  readonly method?: string
  readonly path: string
  readonly contentType?: string
  readonly body?: object
}

export interface KubernetesResponse {
  readonly status: number
  readonly body: string
}

export function requestKubernetes(
  { server, authority, adminToken }: ApiServer,
  { method = 'GET', path, contentType = 'application/json', body }: KubernetesRequest,
): Promise<KubernetesResponse> {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': contentType }
  const options: RequestOptions = {
    method,
    headers,
    ca: authority,
    servername: 'kubernetes.default.svc',
    timeout: 10_000,
  }
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server), options, (response) => {
      text(response).then((received) => resolve({ status: response.statusCode ?? 0, body: received }), reject)
    })
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} timed out`)))
    sent.on('error', reject).end(body && JSON.stringify(body))
  })
}

/** For setup: @throws with the response body, unless it succeeds */
export async function requestAsAdmin(apiServer: ApiServer, call: KubernetesRequest): Promise<KubernetesResponse> {
  const response = await requestKubernetes(apiServer, call)
  if (response.status < 300) return response
  throw new Error(`${call.method ?? 'GET'} ${call.path} returned ${response.status}: ${response.body}`)
}
