/** What a stage prepares at a real kube-apiserver: whatever is refused ends the test. */
import {
  type ApiServer,
  type KubernetesAnswer,
  type KubernetesRequest,
  requestKubernetes,
} from './request-kubernetes.ts'

/** @throws with the answer's body, where it is no success */
export async function requestAsAdmin(apiServer: ApiServer, request: KubernetesRequest): Promise<KubernetesAnswer> {
  const answer = await requestKubernetes(apiServer, request)
  if (answer.status < 300) return answer
  throw new Error(`${request.method ?? 'GET'} ${request.path} was answered ${answer.status}: ${answer.body}`)
}
