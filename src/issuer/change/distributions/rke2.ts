/** RKE2, set up as k3s is: arguments in its file. https://docs.rke2.io/reference/server_config */
import type { Distribution } from '../issuer-change.ts'
import { changeByConfig } from './rancher-config.ts'

export const rke2: Distribution = {
  title: 'RKE2',
  change: (change) => changeByConfig(change, { name: 'rke2', unit: 'rke2-server' }),
}
