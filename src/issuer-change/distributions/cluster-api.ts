/**
 * Cluster API's KubeadmControlPlane: both versions accept one issuer (cluster-api#11562, #11920, #13853), so a file and
 * kubeadm's patches add the second. https://cluster-api.sigs.k8s.io/tasks/bootstrap/kubeadm-bootstrap
 */
import type { ChangeSteps, Distribution, IssuerChange } from '../plan.ts'
import { patchFile, patchText } from './kubeadm.ts'

const where = 'KubeadmControlPlane, under spec.kubeadmConfigSpec'
const run = [
  'kubectl get machines -l cluster.x-k8s.io/control-plane -w   # in the management cluster, until all are replaced',
]

/** `extraArgs`: the signing issuer in the syntax of the version; its lines are indented by six. */
function changeByPatch({ from, to }: IssuerChange, extraArgs: (issuer: string) => string[]): ChangeSteps {
  return {
    accept: {
      description: 'Accept the new issuer in addition to the old one, with a patch of the static pod',
      set: { where, text: spec(to, []) },
      run,
      notes: ['if the old issuer is set in extraArgs, keep it there for now'],
    },
    sign: {
      description: 'Sign with the new issuer, and accept the old one with the patch',
      set: { where, text: spec(from, extraArgs(to)) },
      run,
    },
    drop: { description: 'Remove the file and both patches, and with them the old issuer', run },
    keepFor: '24 h',
    notes: [
      'each change replaces the control-plane machines one after another: until it ends, they sign and accept different issuers',
      'two issuers in extraArgs are rejected, also in the list of v1beta2, which accepts each name once',
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

/** Cluster API, KubeadmControlPlane v1beta2: extraArgs are a list, in which each name may occur once. */
export const clusterApiV1beta2: Distribution = {
  title: 'Cluster API (v1beta2)',
  change: (change) =>
    changeByPatch(change, (issuer) => ['      - name: service-account-issuer', `        value: ${issuer}`]),
}
