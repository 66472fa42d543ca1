/** k3s, whose default issuer is that of kubeadm: arguments in its file. https://docs.k3s.io/cli/server */
import type { Distribution } from '../issuer-change.ts'
import { changeByConfig } from './rancher-config.ts'

export const k3s: Distribution = {
  title: 'k3s',
  change: (change) => changeByConfig(change, { name: 'k3s', unit: 'k3s' }),
}
