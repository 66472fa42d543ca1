/**
 * Where each API server of the cluster listens, as they say it themselves: the EndpointSlices of Service `kubernetes`.
 * https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import type { Cluster } from './cluster.ts'
import { readAnswer } from './read-answer.ts'
import { readStatus } from './read-status.ts'

/** More API servers has no cluster. */
const most = 32

/** @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, ANSWER_MALFORMED, and what a cluster throws */
export async function listApiServers(cluster: Cluster): Promise<URL[]> {
  const answer = await cluster.request({
    method: 'GET',
    path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes&limit=50',
  })
  if (answer.status !== 200) {
    throw readStatus(cluster, answer, { verb: 'list', resource: 'endpointslices', namespace: 'default' })
  }
  const slices = asList(readAnswer(cluster, answer)['items']).map((slice) => asObject(slice) ?? {})
  return [...new Set(slices.flatMap(addressesOf))].slice(0, most).map((address) => new URL(address))
}

function addressesOf({ addressType, endpoints, ports }: JsonObject): string[] {
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const port = asList(ports)
    .map((one) => asObject(one)?.['port'])
    .find((one) => typeof one === 'number')
  return asList(endpoints)
    .map((endpoint) => asObject(endpoint) ?? {})
    .filter(({ conditions }) => asObject(conditions)?.['ready'] !== false)
    .flatMap((endpoint) => asList(endpoint['addresses']).map((address) => asText(address) ?? ''))
    .map((address) => `https://${addressType === 'IPv6' ? `[${address}]` : address}:${port ?? 443}`)
    .filter((address) => URL.canParse(address))
}
