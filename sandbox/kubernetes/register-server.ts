/** API servers register in the EndpointSlice `kubernetes` in namespace `default`, with an endpoint for each server.
 *  https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors */
import { endpointSlice } from './kinds/endpoint-slice.ts'
import { isRecord, type KubernetesObject } from './objects/kubernetes-object.ts'
import type { ObjectStore } from './objects/object-store.ts'

/** A slice has one port for all its addresses: a server on another port gets its own slice, with the same label. */
export function registerServer(store: ObjectStore, url: string): void {
  const { hostname, port } = new URL(url)
  const slices = store
    .list(endpointSlice.kind, 'default')
    .filter(({ metadata }) => metadata.labels?.[label] === service)
  const known = slices.find((slice) => portOf(slice) === Number(port))
  const addresses = new Set([...(known ? addressesOf(known) : []), hostname])
  const name = known?.metadata.name ?? (slices.length === 0 ? service : `${service}-${port}`)
  const slice: KubernetesObject = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: endpointSlice.kind,
    metadata: { name, namespace: 'default', labels: { [label]: service } },
    addressType: 'IPv4',
    endpoints: [...addresses].map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', protocol: 'TCP', port: Number(port) }],
  }
  store.put(endpointSlice.addServerFields(slice, known))
}

const label = 'kubernetes.io/service-name'
const service = 'kubernetes'

function portOf({ ports }: KubernetesObject): unknown {
  const port: unknown = Array.isArray(ports) ? ports[0] : undefined
  return isRecord(port) ? port['port'] : undefined
}

const addressesOf = ({ endpoints }: KubernetesObject): string[] =>
  (Array.isArray(endpoints) ? endpoints : []).flatMap((endpoint: unknown) =>
    isRecord(endpoint) && Array.isArray(endpoint['addresses']) ? endpoint['addresses'].map(String) : [],
  )
