/** kind, minikube and MicroK8s. kind: the issuer is chosen when the cluster is created. https://kind.sigs.k8s.io/docs/user/configuration/#kubeadm-config-patches */
import { shellQuote } from '../../text/shell.ts'
import type { Distribution } from '../plan.ts'

export const kind: Distribution = {
  title: 'kind',
  change: ({ to }) => ({
    accept: undefined,
    sign: {
      description: 'Recreate the cluster with the issuer: a running cluster keeps its own',
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
      notes: [
        'each cluster has new keys: publish again after each creation, or mount your own sa.key and sa.pub (extraMounts)',
      ],
    },
    drop: undefined,
    keepFor: undefined,
    keys: 'new',
    notes: [],
  }),
}

/** minikube: one value for each argument. https://minikube.sigs.k8s.io/docs/handbook/config/ */
export const minikube: Distribution = {
  title: 'minikube',
  change: ({ from, to }) => ({
    accept: undefined,
    sign: {
      description: 'Restart it with the issuer',
      run: [`minikube start ${shellQuote(`--extra-config=apiserver.service-account-issuer=${to}`)}`],
      notes: [
        `only one issuer is accepted: tokens of ${from} are rejected from then on, and pods must be recreated. For test clusters only`,
      ],
    },
    drop: undefined,
    keepFor: undefined,
    notes: [],
  }),
}

/** MicroK8s: arguments in a file, one per line. https://microk8s.io/docs/configuring-services */
const run = ['snap restart microk8s.daemon-kubelite   # on one control-plane node, then on the next']

const set = (...issuers: readonly string[]) => ({
  where: '/var/snap/microk8s/current/args/kube-apiserver, on each control-plane node, replacing its issuer',
  text: issuers.map((issuer) => `--service-account-issuer=${issuer}`).join('\n'),
})

export const microk8s: Distribution = {
  title: 'MicroK8s',
  change: ({ from, to }) => ({
    accept: {
      description: 'Accept the new issuer in addition to the old one: the first signs, all are accepted',
      set: set(from, to),
      run,
    },
    sign: { description: 'Sign with the new issuer: list it first', set: set(to, from), run },
    drop: { description: 'Remove the old issuer', set: set(to), run },
    keepFor: '24 h',
    notes: ['not certain: a refresh of the snap can overwrite the file; check it after each refresh'],
  }),
}
