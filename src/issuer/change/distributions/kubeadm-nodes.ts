/** How a change of kubeadm's configuration reaches the API servers: node after node. */

/** `more`: flags. */
export const applyToEachNode = (more: string): readonly string[] => [
  `kubeadm init phase control-plane apiserver --config kubeadm.yaml${more}   # on one control-plane node, then on the next`,
  'kubeadm init phase upload-config kubeadm --config kubeadm.yaml',
]

export const notCertain =
  'not certain: an upgrade may render the API server anew from ConfigMap kube-system/kubeadm-config, so that must say the same'
