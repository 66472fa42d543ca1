/**
 * Cluster API's KubeadmControlPlane: both of its forms take one issuer alone (cluster-api#11562, #11920, #13853), so that a
 * file and kubeadm's patches bring the second. https://cluster-api.sigs.k8s.io/tasks/bootstrap/kubeadm-bootstrap
 */
import type { ChangeSteps, Distribution, IssuerChange } from '../plan.ts'
import { patchFile, patchText } from './kubeadm.ts'

const where = 'KubeadmControlPlane, under spec.kubeadmConfigSpec'
const run = [
  'kubectl get machines -l cluster.x-k8s.io/control-plane -w   # in the management cluster, until all are replaced',
]

/** `extraArgs`: the one that signs, in the form of the version; its lines are indented by six. */
function changeByPatch({ from, to }: IssuerChange, extraArgs: (issuer: string) => string[]): ChangeSteps {
  return {
    accept: {
      does: 'Accept the new issuer beside the old one, by a patch of the static pod',
      set: { where, text: spec(to, []) },
      run,
      mind: ['where the old issuer stands in extraArgs already, leave it there for now'],
    },
    sign: {
      does: 'Sign as the new issuer, and accept the old one by the patch',
      set: { where, text: spec(from, extraArgs(to)) },
      run,
    },
    drop: { does: 'Take the file and both patches out again: the old issuer is accepted no more', run },
    keepFor: '24 h',
    mind: [
      'each change replaces the control-plane machines one after another: for long, some sign and accept otherwise than others',
      'two issuers in extraArgs are refused, also in the list of v1beta2: a name may stand there once',
    ],
  }
}

const spec = (accepted: string, extraArgs: readonly string[]): string =>
  [
    ...(extraArgs.length > 0 ? ['clusterConfiguration:', '  apiServer:', '    extraArgs:', ...extraArgs] : []),
    'initConfiguration:',
    '  patches: {directory: /etc/kubernetes/patches}',
    'joinConfiguration:',
    '  patches: {directory: /etc/kubernetes/patches}',
    'files:',
    `  - path: /etc/kubernetes/patches/${patchFile}`,
    '    content: |',
    ...patchText(accepted)
      .split('\n')
      .map((line) => `      ${line}`),
  ].join('\n')

/** Cluster API, KubeadmControlPlane v1beta1: extraArgs are a map. */
export const clusterApiV1beta1: Distribution = {
  title: 'Cluster API (v1beta1)',
  change: (change) => changeByPatch(change, (issuer) => [`      service-account-issuer: ${issuer}`]),
}

/** Cluster API, KubeadmControlPlane v1beta2: extraArgs are a list, whose rule forbids a name that stands twice. */
export const clusterApiV1beta2: Distribution = {
  title: 'Cluster API (v1beta2)',
  change: (change) =>
    changeByPatch(change, (issuer) => ['      - name: service-account-issuer', `        value: ${issuer}`]),
}
