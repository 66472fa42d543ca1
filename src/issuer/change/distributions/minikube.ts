/** minikube: one value for each argument. https://minikube.sigs.k8s.io/docs/handbook/config/ */
import type { Distribution } from '../issuer-change.ts'

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
