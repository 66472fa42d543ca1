/**
 * Which connections the Pods may open: DNS, clouds, API servers, and a proxy. None is opened to them.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import { isIP } from 'node:net'
import type { Document } from '../document/document.ts'
import { type Manifest, ownLabels, ownName, type PodProxy } from './manifest.ts'

/** Where clouds give a node's own credentials to any client. */
const metadataAddresses = { v4: '169.254.169.254/32', v6: 'fd00:ec2::254/128' }

/** 5353: of the DNS Pods of OpenShift. A policy applies after a Service's port was translated to the Pod's. */
const dnsPorts = [53, 5353]
const httpsPort = 443

export interface EgressWanted {
  readonly namespace: string
  readonly apiServerPorts: readonly number[]
  readonly proxy: PodProxy | undefined
  readonly documents: readonly Document[]
}

export const renderNetworkPolicy = ({ namespace, apiServerPorts, proxy, documents }: EgressWanted): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: ownName, namespace, labels: ownLabels },
  spec: {
    podSelector: { matchLabels: ownLabels },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [
      // To any address: a Pod, the node, and in GKE the metadata address, which serves nothing else there.
      { ports: dnsPorts.flatMap((port) => [portOf('UDP', port), portOf('TCP', port)]) },
      // Clouds, and API servers that listen there.
      { ports: [portOf('TCP', httpsPort)], to: anywhereButMetadata },
      ...otherPorts(apiServerPorts, documents),
      ...(proxy === undefined ? [] : [proxyRule(proxy)]),
    ],
  },
})

const anywhereButMetadata = [
  { ipBlock: { cidr: '0.0.0.0/0', except: [metadataAddresses.v4] } },
  { ipBlock: { cidr: '::/0', except: [metadataAddresses.v6] } },
]

/**
 * API servers and endpoints of documents that listen elsewhere. Without addresses: some implementations (Cilium) match no node
 * of the cluster by its address, and API servers are such nodes. No metadata service listens at these ports.
 */
function otherPorts(apiServerPorts: readonly number[], documents: readonly Document[]): object[] {
  const ports = new Set([...apiServerPorts, ...documents.flatMap(endpointPorts)])
  const others = [...ports].filter((port) => port !== httpsPort && port !== metadataPort).toSorted((a, b) => a - b)
  return others.length === 0 ? [] : [{ ports: others.map((port) => portOf('TCP', port)) }]
}

/** Of metadata services, which serve plain HTTP. */
const metadataPort = 80

/** Of each URL in the settings of its registries, whichever vendor's. */
function endpointPorts({ registries }: Document): number[] {
  const texts = registries.flatMap(({ settings }) => textsIn(settings))
  return texts.flatMap((text) => {
    const url = /^https?:\/\//.test(text) ? URL.parse(text) : null
    return url === null ? [] : [Number(url.port || (url.protocol === 'https:' ? httpsPort : metadataPort))]
  })
}

const textsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : []

function proxyRule({ address, port }: PodProxy): object {
  const ports = [portOf('TCP', port)]
  if (address !== undefined)
    return { ports, to: [{ ipBlock: { cidr: `${address}/${isIP(address) === 6 ? 128 : 32}` } }] }
  return port === httpsPort || port === metadataPort ? { ports, to: anywhereButMetadata } : { ports }
}

const portOf = (protocol: 'TCP' | 'UDP', port: number) => ({ protocol, port })
