/** Cluster API, KubeadmControlPlane v1beta1: extraArgs are a map. */
import type { Distribution } from '../issuer-change.ts'
import { changeByPatch } from './cluster-api.ts'

export const clusterApiV1beta1: Distribution = {
  title: 'Cluster API (v1beta1)',
  change: (change) => changeByPatch(change, (issuer) => [`      service-account-issuer: ${issuer}`]),
}
