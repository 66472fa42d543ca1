/** kubeadm v1beta3 and v1beta4: the configuration is applied to the API servers node by node. */
import type { Distribution } from '../plan.ts'

/** `more`: flags. */
const applyToEachNode = (more: string): readonly string[] => [
  `kubeadm init phase control-plane apiserver --config kubeadm.yaml${more}   # on one control-plane node, then on the next`,
  'kubeadm init phase upload-config kubeadm --config kubeadm.yaml',
]

const notCertain =
  'not certain: an upgrade can render the API server from ConfigMap kube-system/kubeadm-config, so it must contain the same'

// v1beta3 accepts one issuer (kubeadm#1601, #2735): a patch of the static pod adds the second.
// https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches

/** kubeadm derives target and patch type from the name. */
export const patchFile = 'kube-apiserver0+json.yaml'

/** The argument follows those of kubeadm, so its issuer is accepted and does not sign. */
export const patchText = (issuer: string): string =>
  ['- op: add', '  path: /spec/containers/0/command/-', `  value: --service-account-issuer=${issuer}`].join('\n')

/** v1beta3: extraArgs are a map, so there can be one issuer. */
const where = `/etc/kubernetes/patches/${patchFile}, on each control-plane node`
const run = applyToEachNode(' --patches /etc/kubernetes/patches')

export const kubeadmV1beta3: Distribution = {
  title: 'kubeadm (v1beta3)',
  change: ({ from, to }) => ({
    accept: {
      description: 'Accept the new issuer in addition to the old one, with a patch of the static pod',
      set: { where, text: patchText(to) },
      run,
      notes: ['service-account-issuer in extraArgs replaces the default: do not change extraArgs in this step'],
    },
    sign: {
      description: 'Sign with the new issuer, and accept the old one with the patch',
      set: {
        where: `kubeadm.yaml (ClusterConfiguration, kubeadm.k8s.io/v1beta3), then ${where}`,
        text: ['apiServer:', '  extraArgs:', `    service-account-issuer: ${to}`, '---', patchText(from)].join('\n'),
      },
      run,
    },
    drop: { description: 'Remove the patch, and with it the old issuer', run: applyToEachNode('') },
    keepFor: '24 h',
    notes: [
      notCertain,
      'with kubeadm 1.31 and later, `kubeadm config migrate` converts to v1beta4, which accepts both without a patch',
    ],
  }),
}

/** v1beta4: extraArgs are a list, in which a name may occur twice. */
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
      description: 'Accept the new issuer in addition to the old one: the first signs, all are accepted',
      set: { where: whereV1beta4, text: extraArgs(from, to) },
      run: runV1beta4,
      notes: ["explicit values replace kubeadm's default: list the old issuer too, even if it is the default"],
    },
    sign: {
      description: 'Sign with the new issuer: list it first',
      set: { where: whereV1beta4, text: extraArgs(to, from) },
      run: runV1beta4,
    },
    drop: {
      description: 'Remove the old issuer',
      set: { where: whereV1beta4, text: extraArgs(to) },
      run: runV1beta4,
    },
    keepFor: '24 h',
    notes: [notCertain],
  }),
}
