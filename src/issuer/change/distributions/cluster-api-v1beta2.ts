/** Cluster API, KubeadmControlPlane v1beta2: extraArgs are a list, whose rule forbids a name that stands twice. */
import type { Distribution } from '../issuer-change.ts'
import { changeByPatch } from './cluster-api.ts'

export const clusterApiV1beta2: Distribution = {
  title: 'Cluster API (v1beta2)',
  change: (change) =>
    changeByPatch(change, (issuer) => ['      - name: service-account-issuer', `        value: ${issuer}`]),
}
