/** Setup requests to a real kube-apiserver: a refused request fails the test. */
import {
  type ApiServer,
  type KubernetesRequest,
  type KubernetesResponse,
  requestKubernetes,
} from './request-kubernetes.ts'

/** @throws with the response body, unless it succeeds */
export async function requestAsAdmin(apiServer: ApiServer, request: KubernetesRequest): Promise<KubernetesResponse> {
  const response = await requestKubernetes(apiServer, request)
  if (response.status < 300) return response
  throw new Error(`${request.method ?? 'GET'} ${request.path} returned ${response.status}: ${response.body}`)
}
