/** Every distribution whose change of issuer is known, by the word that names it on a command line. */
import type { Distribution } from '../issuer-change.ts'
import { clusterApiV1beta1 } from './cluster-api-v1beta1.ts'
import { clusterApiV1beta2 } from './cluster-api-v1beta2.ts'
import { gardener } from './gardener.ts'
import { k3s } from './k3s.ts'
import { kind } from './kind.ts'
import { kops } from './kops.ts'
import { kubeadmV1beta3 } from './kubeadm-v1beta3.ts'
import { kubeadmV1beta4 } from './kubeadm-v1beta4.ts'
import { microk8s } from './microk8s.ts'
import { minikube } from './minikube.ts'
import { openshift } from './openshift.ts'
import { rke2 } from './rke2.ts'
import { talos113 } from './talos-1-13.ts'
import { talos114 } from './talos-1-14.ts'

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
