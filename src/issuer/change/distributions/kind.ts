/** kind: the issuer is chosen when the cluster is made. https://kind.sigs.k8s.io/docs/user/configuration/#kubeadm-config-patches */
import type { Distribution } from '../issuer-change.ts'

export const kind: Distribution = {
  title: 'kind',
  change: ({ to }) => ({
    accept: undefined,
    sign: {
      does: 'Make the cluster anew with the issuer: a running one keeps its own',
      set: {
        where: 'kind.yaml',
        text: [
          'kind: Cluster',
          'apiVersion: kind.x-k8s.io/v1alpha4',
          'kubeadmConfigPatches:',
          '  - |',
          '    kind: ClusterConfiguration',
          '    apiServer:',
          '      extraArgs:',
          `        service-account-issuer: ${to}`,
        ].join('\n'),
      },
      run: ['kind delete cluster', 'kind create cluster --config kind.yaml'],
      mind: [
        'each create makes new keys: publish them anew, or mount sa.key and sa.pub of your own (extraMounts), or documents shared by runs go stale',
      ],
    },
    drop: undefined,
    keepFor: undefined,
    keys: 'new',
    mind: [],
  }),
}
