/**
 * The NetworkPolicy: egress to DNS, clouds, API servers and a proxy; no ingress, but for the metrics of a controller.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import { isIP } from 'node:net'
import type { Document } from '../document/document.ts'
import type { Manifest, PodProxy } from './manifest.ts'

/** Metadata services, which return the node's credentials to any client. */
const metadataAddresses = { v4: '169.254.169.254/32', v6: 'fd00:ec2::254/128' }

/** 5353: the DNS Pods of OpenShift. A policy applies after the translation of a Service's port. */
const dnsPorts = [53, 5353]
const httpsPort = 443

export interface NetworkPolicyInput {
  readonly namespace: string
  readonly apiServerPorts: readonly number[]
  readonly proxy: PodProxy | undefined
  readonly documents: readonly Document[]
  /** HOST[:PORT] in addition to those in documents. */
  readonly endpoints: readonly string[]
  readonly pods: {
    /** Of the policy. */
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    /** Of health and metrics. Absent: no connection is accepted. */
    readonly healthPort?: number
  }
}

export const renderNetworkPolicy = ({
  namespace,
  apiServerPorts,
  proxy,
  documents,
  endpoints,
  pods,
}: NetworkPolicyInput): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: pods.name, namespace, labels: pods.labels },
  spec: {
    podSelector: { matchLabels: pods.labels },
    policyTypes: ['Ingress', 'Egress'],
    // The probes of the node are always allowed.
    ingress: pods.healthPort === undefined ? [] : [{ ports: [portOf('TCP', pods.healthPort)], from: metricsReaders }],
    egress: [
      // To any address: a Pod, the node, or in GKE the metadata address, which serves only DNS on this port.
      { ports: dnsPorts.flatMap((port) => [portOf('UDP', port), portOf('TCP', port)]) },
      // Clouds, and API servers on this port.
      { ports: [portOf('TCP', httpsPort)], to: anyExceptMetadata },
      ...otherPorts([...apiServerPorts, ...endpoints.map(portIn)], documents),
      ...(proxy === undefined ? [] : [proxyRule(proxy)]),
    ],
  },
})

/** As in deploy/issuer. */
const metricsReaders = [{ namespaceSelector: { matchLabels: { metrics: 'enabled' } } }]

const anyExceptMetadata = [
  { ipBlock: { cidr: '0.0.0.0/0', except: [metadataAddresses.v4] } },
  { ipBlock: { cidr: '::/0', except: [metadataAddresses.v6] } },
]

/**
 * Other ports of API servers and of endpoints in documents. Without addresses: some implementations (Cilium) match no cluster
 * node by address, and API servers run on such nodes. No metadata service listens on these ports.
 */
function otherPorts(apiServerPorts: readonly number[], documents: readonly Document[]): object[] {
  const ports = new Set([...apiServerPorts, ...documents.flatMap(endpointPorts)])
  const others = [...ports].filter((port) => port !== httpsPort && port !== metadataPort).toSorted((a, b) => a - b)
  return others.length === 0 ? [] : [{ ports: others.map((port) => portOf('TCP', port)) }]
}

/** Metadata services use plain HTTP. */
const metadataPort = 80

const portIn = (endpoint: string): number => Number(/:(\d+)$/.exec(endpoint)?.[1] ?? httpsPort)

/** The ports of all URLs in the settings of the registries, for any vendor. */
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
  return port === httpsPort || port === metadataPort ? { ports, to: anyExceptMetadata } : { ports }
}

const portOf = (protocol: 'TCP' | 'UDP', port: number) => ({ protocol, port })
