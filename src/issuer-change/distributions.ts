/** The distributions whose change of issuer is known, by the value of --distribution. */

import { clusterApiV1beta1, clusterApiV1beta2 } from './distributions/cluster-api.ts'
import { kubeadmV1beta3, kubeadmV1beta4 } from './distributions/kubeadm.ts'
import { kind, microk8s, minikube } from './distributions/local.ts'
import { gardener, kops, openshift } from './distributions/managed.ts'
import { k3s, rke2 } from './distributions/rancher.ts'
import { talos113, talos114 } from './distributions/talos.ts'
import type { Distribution } from './plan.ts'

export type DistributionName =
  | 'kubeadm-v1beta3'
  | 'kubeadm-v1beta4'
  | 'gardener'
  | 'k3s'
  | 'rke2'
  | 'talos-1.13'
  | 'talos-1.14'
  | 'openshift'
  | 'cluster-api-v1beta1'
  | 'cluster-api-v1beta2'
  | 'kops'
  | 'kind'
  | 'minikube'
  | 'microk8s'

export const distributions: ReadonlyMap<DistributionName, Distribution> = new Map([
  ['kubeadm-v1beta3', kubeadmV1beta3],
  ['kubeadm-v1beta4', kubeadmV1beta4],
  ['gardener', gardener],
  ['k3s', k3s],
  ['rke2', rke2],
  ['talos-1.13', talos113],
  ['talos-1.14', talos114],
  ['openshift', openshift],
  ['cluster-api-v1beta1', clusterApiV1beta1],
  ['cluster-api-v1beta2', clusterApiV1beta2],
  ['kops', kops],
  ['kind', kind],
  ['minikube', minikube],
  ['microk8s', microk8s],
])
