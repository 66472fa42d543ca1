/** kubeadm's form v1beta4: its extraArgs are a list, in which a name may stand twice. */
import type { Distribution } from '../issuer-change.ts'
import { applyToEachNode, notCertain } from './kubeadm-nodes.ts'

const where = 'kubeadm.yaml (ClusterConfiguration, kubeadm.k8s.io/v1beta4)'
const run = applyToEachNode('')

const extraArgs = (...issuers: readonly string[]): string =>
  [
    'apiServer:',
    '  extraArgs:',
    ...issuers.flatMap((issuer) => ['    - name: service-account-issuer', `      value: ${issuer}`]),
  ].join('\n')

export const kubeadmV1beta4: Distribution = {
  title: 'kubeadm (v1beta4)',
  change: ({ from, to }) => ({
    accept: {
      does: 'Accept the new issuer beside the old one: the first signs, all are accepted',
      set: { where, text: extraArgs(from, to) },
      run,
      mind: ["whatever stands here replaces kubeadm's default: list the old issuer too, even where it is the default"],
    },
    sign: { does: 'Sign as the new issuer: put it first', set: { where, text: extraArgs(to, from) }, run },
    drop: { does: 'Drop the old issuer', set: { where, text: extraArgs(to) }, run },
    keepFor: '24 h',
    mind: [notCertain],
  }),
}
