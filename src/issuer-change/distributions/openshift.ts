/** OpenShift: one field; its operator accepts the former issuer for 24 h. https://docs.redhat.com/en/documentation/openshift_container_platform */
import type { Distribution } from '../plan.ts'

export const openshift: Distribution = {
  title: 'OpenShift',
  change: ({ from, to }) => ({
    accept: undefined,
    sign: {
      does: 'Sign as the new issuer; the operator goes on accepting the former one for 24 h',
      run: [
        `oc patch authentication.config.openshift.io cluster --type=merge -p '${JSON.stringify({ spec: { serviceAccountIssuer: to } })}'`,
        'oc get clusteroperator kube-apiserver -w   # until it is no longer Progressing',
      ],
      mind: [
        `the documents must lie at ${to} before: the operator names ${to}/openid/v1/jwks as jwks_uri, and expects you to serve it`,
        `within 24 h whatever still holds a token of ${from} has to get a new one: restart what reads its token only once`,
        'API audiences follow the issuer: who asked for tokens for the old one by name has to ask for the new one',
      ],
    },
    drop: undefined,
    keepFor: '24 h',
    mind: [
      'a cluster that ccoctl set up publishes its keys already, at AWS and Google as keys.json: its issuer is left as it is',
      'its JWKS holds the key of kube-controller-manager too; it may be published with the others',
    ],
  }),
}
