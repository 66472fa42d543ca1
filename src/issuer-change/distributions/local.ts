/** kind: the issuer is chosen when the cluster is made. https://kind.sigs.k8s.io/docs/user/configuration/#kubeadm-config-patches */
import type { Distribution } from '../plan.ts'

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

/** minikube: one value for each argument. https://minikube.sigs.k8s.io/docs/handbook/config/ */
export const minikube: Distribution = {
  title: 'minikube',
  change: ({ from, to }) => ({
    accept: undefined,
    sign: {
      does: 'Start it anew with the issuer',
      run: [`minikube start --extra-config=apiserver.service-account-issuer=${to}`],
      mind: [
        `one issuer alone is accepted: tokens of ${from} are refused from then on, and pods have to be made anew: for a cluster to play with`,
      ],
    },
    drop: undefined,
    keepFor: undefined,
    mind: [],
  }),
}

/** MicroK8s: arguments in a file, one a line. https://microk8s.io/docs/configuring-services */
const run = ['snap restart microk8s.daemon-kubelite   # on one control-plane node, then on the next']

const set = (...issuers: readonly string[]) => ({
  where: '/var/snap/microk8s/current/args/kube-apiserver, on each control-plane node, in place of its issuer',
  text: issuers.map((issuer) => `--service-account-issuer=${issuer}`).join('\n'),
})

export const microk8s: Distribution = {
  title: 'MicroK8s',
  change: ({ from, to }) => ({
    accept: {
      does: 'Accept the new issuer beside the old one: the first signs, all are accepted',
      set: set(from, to),
      run,
    },
    sign: { does: 'Sign as the new issuer: put it first', set: set(to, from), run },
    drop: { does: 'Drop the old issuer', set: set(to), run },
    keepFor: '24 h',
    mind: ['not certain: a refresh of the snap may write the file anew; look at it after each'],
  }),
}
