/** Detects the distribution from the server's version, one node, and kubeadm's ConfigMap; what may not be read is left out. */
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { asList, asObject, asText, asTexts, type JsonObject, jsonOrNone } from '../text/json-fields.ts'
import type { DistributionName } from './distributions.ts'

/** @throws KUBERNETES_UNREACHABLE and other connection errors; a denied request is not an error here */
export async function readClusterTraits(cluster: Cluster): Promise<ClusterTraits> {
  const [version, nodes, kubeadm] = await Promise.all([
    request(cluster, '/version'),
    request(cluster, '/api/v1/nodes?limit=1'),
    request(cluster, '/api/v1/namespaces/kube-system/configmaps/kubeadm-config'),
  ])
  const [node] = asList(nodes?.['items'])
  return {
    gitVersion: asText(version?.['gitVersion']),
    node: node === undefined ? undefined : readNode(asObject(node) ?? {}),
    kubeadmForm: formOf(asText(asObject(kubeadm?.['data'])?.['ClusterConfiguration'])),
  }
}

async function request(cluster: Cluster, path: string): Promise<JsonObject | undefined> {
  const response = await cluster.request({ method: 'GET', path })
  return response.status === 200 ? asObject(jsonOrNone(response.body)) : undefined
}

function readNode(node: JsonObject): NodeTraits {
  const metadata = asObject(node['metadata'])
  const status = asObject(asObject(node['status'])?.['nodeInfo'])
  return {
    labels: asTexts(metadata?.['labels']),
    annotations: asTexts(metadata?.['annotations']),
    osImage: asText(status?.['osImage']) ?? '',
    providerId: asText(asObject(node['spec'])?.['providerID']) ?? '',
  }
}

const formOf = (text: string | undefined) => /^apiVersion: kubeadm\.k8s\.io\/(v\d\w*)$/m.exec(text ?? '')?.[1]

/** The facts from which the distribution is detected. */
export interface ClusterTraits {
  /** Of /version: `v1.34.1+k3s1`; undefined if not readable. */
  readonly gitVersion: string | undefined
  /** Undefined if nodes are not readable. */
  readonly node: NodeTraits | undefined
  /** Of ConfigMap kube-system/kubeadm-config: `v1beta4`; undefined if absent or not readable. */
  readonly kubeadmForm: string | undefined
}

export interface NodeTraits {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** `Talos (v1.13.2)`. */
  readonly osImage: string
  /** `kind://docker/kind/kind-control-plane`. */
  readonly providerId: string
}

export interface Detection {
  /** One; several if the facts fit several; none if nothing was found. */
  readonly names: readonly DistributionName[]
  /** The evidence, printed after "by": `the server's version, v1.34.1+k3s1`. */
  readonly by: string
}

/** Pure. Distributions that are built on another one (kind, Cluster API) are tested before it (kubeadm). */
export function detectDistribution(traits: ClusterTraits): Detection {
  return byVersion(traits) ?? byNode(traits) ?? byForm(traits) ?? { names: [], by: nothingKnown(traits) }
}

function byVersion({ gitVersion = '' }: ClusterTraits): Detection | undefined {
  const name = /\+(k3s|rke2r)\d/.exec(gitVersion)?.[1]
  if (name === undefined) return undefined
  return { names: [name === 'k3s' ? 'k3s' : 'rke2'], by: `the server's version, ${gitVersion}` }
}

const labels: readonly (readonly [string, DistributionName])[] = [
  ['worker.gardener.cloud/pool', 'gardener'],
  ['node.openshift.io/os_id', 'openshift'],
  ['kops.k8s.io/instancegroup', 'kops'],
  ['minikube.k8s.io/name', 'minikube'],
  ['microk8s.io/cluster', 'microk8s'],
]

function byNode(traits: ClusterTraits): Detection | undefined {
  const { node } = traits
  if (node === undefined) return undefined
  const label = labels.find(([name]) => Object.hasOwn(node.labels, name))
  if (label !== undefined) return { names: [label[1]], by: `a node's label ${label[0]}` }
  if (node.providerId.startsWith('kind://')) return { names: ['kind'], by: `a node's providerID, ${node.providerId}` }
  const talos = /^Talos \(v1\.(\d+)\./.exec(node.osImage)?.[1]
  if (talos !== undefined) {
    return { names: [Number(talos) < 14 ? 'talos-1.13' : 'talos-1.14'], by: `a node's system, ${node.osImage}` }
  }
  if (!Object.hasOwn(node.annotations, 'cluster.x-k8s.io/machine')) return undefined
  const by =
    "a node's annotation cluster.x-k8s.io/machine; the API version of its KubeadmControlPlane is that of the management cluster"
  return { names: ['cluster-api-v1beta1', 'cluster-api-v1beta2'], by }
}

function byForm({ kubeadmForm, node }: ClusterTraits): Detection | undefined {
  const by = `ConfigMap kube-system/kubeadm-config, of ${kubeadmForm}`
  if (kubeadmForm === 'v1beta3') return { names: ['kubeadm-v1beta3'], by }
  if (kubeadmForm === 'v1beta4') return { names: ['kubeadm-v1beta4'], by }
  if (node === undefined || !Object.hasOwn(node.annotations, 'kubeadm.alpha.kubernetes.io/cri-socket')) return undefined
  return {
    names: ['kubeadm-v1beta3', 'kubeadm-v1beta4'],
    by: "a node's annotation kubeadm.alpha.kubernetes.io/cri-socket",
  }
}

const nothingKnown = ({ gitVersion, node }: ClusterTraits) =>
  `neither the server's version (${gitVersion ?? 'not readable'}) nor ${node === undefined ? 'nodes, which are not readable' : 'a node'}`
