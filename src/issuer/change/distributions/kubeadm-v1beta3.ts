/** kubeadm's form v1beta3: its extraArgs are a map, so that one issuer has a place there. */
import type { Distribution } from '../issuer-change.ts'
import { applyToEachNode, notCertain } from './kubeadm-nodes.ts'
import { patchFile, patchText } from './kubeadm-patch.ts'

const where = `/etc/kubernetes/patches/${patchFile}, on each control-plane node`
const run = applyToEachNode(' --patches /etc/kubernetes/patches')

export const kubeadmV1beta3: Distribution = {
  title: 'kubeadm (v1beta3)',
  change: ({ from, to }) => ({
    accept: {
      does: 'Accept the new issuer beside the old one, by a patch of the static pod',
      set: { where, text: patchText(to) },
      run,
      mind: [
        'kubeadm replaces its default when service-account-issuer stands in extraArgs: leave that as it is for now',
      ],
    },
    sign: {
      does: 'Sign as the new issuer, and accept the old one by the patch',
      set: {
        where: `kubeadm.yaml (ClusterConfiguration, kubeadm.k8s.io/v1beta3), then ${where}`,
        text: ['apiServer:', '  extraArgs:', `    service-account-issuer: ${to}`, '---', patchText(from)].join('\n'),
      },
      run,
    },
    drop: { does: 'Remove the patch, so that the old issuer is accepted no more', run: applyToEachNode('') },
    keepFor: '24 h',
    mind: [
      notCertain,
      'with kubeadm 1.31 and later, `kubeadm config migrate` leads to v1beta4, which takes both without a patch',
    ],
  }),
}
