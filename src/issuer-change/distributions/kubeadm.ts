/** How a change of kubeadm's configuration reaches the API servers: node after node. */
import type { Distribution } from '../plan.ts'

/** `more`: flags. */
const applyToEachNode = (more: string): readonly string[] => [
  `kubeadm init phase control-plane apiserver --config kubeadm.yaml${more}   # on one control-plane node, then on the next`,
  'kubeadm init phase upload-config kubeadm --config kubeadm.yaml',
]

const notCertain =
  'not certain: an upgrade may render the API server anew from ConfigMap kube-system/kubeadm-config, so that must say the same'

// A second issuer where kubeadm's own form takes one alone (kubeadm#1601, #2735): a patch of the static pod adds it.
// https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches

/** The name says what it patches, and that it is a JSON patch. */
export const patchFile = 'kube-apiserver0+json.yaml'

/** The argument stands after those of kubeadm: the issuer that it names is accepted, and signs nothing. */
export const patchText = (issuer: string): string =>
  ['- op: add', '  path: /spec/containers/0/command/-', `  value: --service-account-issuer=${issuer}`].join('\n')

/** kubeadm's form v1beta3: its extraArgs are a map, so that one issuer has a place there. */
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

/** kubeadm's form v1beta4: its extraArgs are a list, in which a name may stand twice. */
const whereV1beta4 = 'kubeadm.yaml (ClusterConfiguration, kubeadm.k8s.io/v1beta4)'
const runV1beta4 = applyToEachNode('')

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
      set: { where: whereV1beta4, text: extraArgs(from, to) },
      run: runV1beta4,
      mind: ["whatever stands here replaces kubeadm's default: list the old issuer too, even where it is the default"],
    },
    sign: {
      does: 'Sign as the new issuer: put it first',
      set: { where: whereV1beta4, text: extraArgs(to, from) },
      run: runV1beta4,
    },
    drop: {
      does: 'Drop the old issuer',
      set: { where: whereV1beta4, text: extraArgs(to) },
      run: runV1beta4,
    },
    keepFor: '24 h',
    mind: [notCertain],
  }),
}
