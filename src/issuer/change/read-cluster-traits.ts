/** Reads what tells distributions apart: the server's version, one node, kubeadm's own record. What is forbidden is left out. */
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asList, asObject, asText, asTexts, type JsonObject, jsonOrNone } from '../../outside/json-fields.ts'
import type { ClusterTraits, NodeTraits } from './detect-distribution.ts'

/** @throws KUBERNETES_UNREACHABLE, and what else a cluster throws; a refusal is no fault here */
export async function readClusterTraits(cluster: Cluster): Promise<ClusterTraits> {
  const [version, nodes, kubeadm] = await Promise.all([
    ask(cluster, '/version'),
    ask(cluster, '/api/v1/nodes?limit=1'),
    ask(cluster, '/api/v1/namespaces/kube-system/configmaps/kubeadm-config'),
  ])
  const [node] = asList(nodes?.['items'])
  return {
    gitVersion: asText(version?.['gitVersion']),
    node: node === undefined ? undefined : readNode(asObject(node) ?? {}),
    kubeadmForm: formOf(asText(asObject(kubeadm?.['data'])?.['ClusterConfiguration'])),
  }
}

async function ask(cluster: Cluster, path: string): Promise<JsonObject | undefined> {
  const answer = await cluster.request({ method: 'GET', path })
  return answer.status === 200 ? asObject(jsonOrNone(answer.body)) : undefined
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
