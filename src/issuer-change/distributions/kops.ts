/** kOps 1.28.5 and later. https://kops.sigs.k8s.io/operations/service_account_issuer_migration */
import type { Distribution } from '../plan.ts'

const where = 'the Cluster (kops edit cluster), under spec'
const run = ['kops update cluster --yes', 'kops rolling-update cluster --instance-group-roles=control-plane --yes']

const config = (signs: string, accepted: string): string =>
  [
    'kubeAPIServer:',
    `  serviceAccountIssuer: ${signs}`,
    '  additionalServiceAccountIssuers:',
    `    - ${accepted}`,
  ].join('\n')

export const kops: Distribution = {
  title: 'kOps',
  change: ({ from, to }) => ({
    accept: { does: 'Accept the new issuer beside the old one', set: { where, text: config(from, to) }, run },
    sign: { does: 'Sign as the new issuer', set: { where, text: config(to, from) }, run },
    drop: { does: 'Take additionalServiceAccountIssuers out again', run },
    keepFor: '24 h',
    mind: [
      'kOps publishes the documents itself (serviceAccountIssuerDiscovery.discoveryStore): there is no need of another publisher, and two would fight',
    ],
  }),
}
