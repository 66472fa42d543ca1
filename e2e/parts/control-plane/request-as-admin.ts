/** What a stage prepares at a real kube-apiserver: whatever is refused ends the test. */
import {
  type ApiServer,
  type KubernetesRequest,
  type KubernetesResponse,
  requestKubernetes,
} from './request-kubernetes.ts'

/** @throws with the answer's body, where it is no success */
export async function requestAsAdmin(apiServer: ApiServer, request: KubernetesRequest): Promise<KubernetesResponse> {
  const response = await requestKubernetes(apiServer, request)
  if (response.status < 300) return response
  throw new Error(`${request.method ?? 'GET'} ${request.path} was answered ${response.status}: ${response.body}`)
}
