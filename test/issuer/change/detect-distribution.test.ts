import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type ClusterTraits, detectDistribution, type NodeTraits } from '../../../src/issuer-change/cluster-traits.ts'

const nothing: ClusterTraits = { gitVersion: 'v1.34.1', node: undefined, kubeadmForm: undefined }
const node = (changes: Partial<NodeTraits>): ClusterTraits => ({
  ...nothing,
  node: { labels: {}, annotations: {}, osImage: 'Ubuntu 24.04.3 LTS', providerId: '', ...changes },
})
const kubeadmNode = { annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/containerd.sock' } }

suite('the distribution is detected, with the evidence', () => {
  const cases: Record<string, [traits: ClusterTraits, names: string[], by: RegExp]> = {
    k3s: [{ ...nothing, gitVersion: 'v1.34.1+k3s1' }, ['k3s'], /^the server's version, v1\.34\.1\+k3s1$/],
    RKE2: [{ ...nothing, gitVersion: 'v1.34.1+rke2r1' }, ['rke2'], /version/],
    Gardener: [
      node({ labels: { 'worker.gardener.cloud/pool': 'a' } }),
      ['gardener'],
      /label worker\.gardener\.cloud\/pool$/,
    ],
    OpenShift: [node({ labels: { 'node.openshift.io/os_id': 'rhel' } }), ['openshift'], /label/],
    kOps: [node({ labels: { 'kops.k8s.io/instancegroup': 'nodes' } }), ['kops'], /label/],
    minikube: [node({ ...kubeadmNode, labels: { 'minikube.k8s.io/name': 'm' } }), ['minikube'], /label/],
    MicroK8s: [node({ labels: { 'microk8s.io/cluster': 'true' } }), ['microk8s'], /label/],
    kind: [node({ ...kubeadmNode, providerId: 'kind://docker/kind/a' }), ['kind'], /providerID, kind:\/\/docker/],
    'Talos 1.13': [node({ osImage: 'Talos (v1.13.2)' }), ['talos-1.13'], /system, Talos \(v1\.13\.2\)$/],
    'Talos 1.14': [node({ osImage: 'Talos (v1.14.0)' }), ['talos-1.14'], /system/],
    'kubeadm by its ConfigMap': [
      { ...nothing, kubeadmForm: 'v1beta4' },
      ['kubeadm-v1beta4'],
      /kubeadm-config, of v1beta4$/,
    ],
    'an older kubeadm': [{ ...nothing, kubeadmForm: 'v1beta3' }, ['kubeadm-v1beta3'], /kubeadm-config/],
    'kubeadm by a node': [node(kubeadmNode), ['kubeadm-v1beta3', 'kubeadm-v1beta4'], /annotation kubeadm/],
    'Cluster API': [
      { ...node({ annotations: { 'cluster.x-k8s.io/machine': 'm' } }), kubeadmForm: 'v1beta4' },
      ['cluster-api-v1beta1', 'cluster-api-v1beta2'],
      /annotation cluster\.x-k8s\.io\/machine; the API version/,
    ],
    'nothing known': [node({}), [], /^neither the server's version \(v1\.34\.1\) nor a node$/],
    'nothing readable': [
      { ...nothing, gitVersion: undefined },
      [],
      /^neither the server's version \(not readable\) nor nodes, which are not readable$/,
    ],
  }
  for (const [name, [traits, names, by]] of Object.entries(cases)) {
    test(name, () => {
      const found = detectDistribution(traits)
      assert.deepEqual(found.names, names)
      assert.match(found.by, by)
    })
  }
})
