/**
 * Where each API server of the cluster listens, as they publish it: the EndpointSlices of Service `kubernetes`.
 * https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'

/** No cluster has more API servers. */
const most = 32

/** The API servers maintain this one. It is listed separately, so that other slices cannot displace it from the page or the limit. */
const ownSlice = 'kubernetes'

/** @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, RESPONSE_MALFORMED, and what a cluster throws */
export async function listApiServers(cluster: Cluster): Promise<URL[]> {
  const [own, all] = await Promise.all([
    listSlices(cluster, `&fieldSelector=metadata.name%3D${ownSlice}`),
    listSlices(cluster, '').catch(asFault),
  ])
  if (all instanceof PullpassError && own.length === 0) throw all
  const others = all instanceof PullpassError ? [] : all
  const slices = [...own.filter(({ metadata }) => asObject(metadata)?.['name'] === ownSlice), ...others]
  return [...new Set(slices.flatMap(addressesOf))].slice(0, most).map((address) => new URL(address))
}

async function listSlices(cluster: Cluster, selector: string): Promise<JsonObject[]> {
  const response = await cluster.request({
    method: 'GET',
    path: `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes${selector}&limit=50`,
  })
  if (response.status !== 200) {
    throw readStatus(cluster, response, { verb: 'list', resource: 'endpointslices', namespace: 'default' })
  }
  return asList(readResponse(cluster, response)['items']).map((slice) => asObject(slice) ?? {})
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
