/** Talos. Since 1.14, KubeServiceAccountConfig sets the signing and the accepted issuers. */
import type { Distribution } from '../plan.ts'

const where = 'issuer.yaml, a patch of the machine configuration of the control plane'
const run = ['talosctl patch machineconfig --nodes NODE --patch @issuer.yaml   # one control-plane node, then the next']

const config = (signs: string, accepted: readonly string[]): string =>
  [
    'apiVersion: v1alpha1',
    'kind: KubeServiceAccountConfig',
    'issuer:',
    `  issuerURL: ${signs}`,
    'accepted:',
    ...(accepted.length > 0 ? ['  issuers:', ...accepted.map((issuer) => `    - ${issuer}`)] : []),
    '  audiences:',
    ...[signs, ...accepted].map((issuer) => `    - ${issuer}`),
  ].join('\n')

export const talos114: Distribution = {
  title: 'Talos (1.14 and later)',
  change: ({ from, to }) => ({
    accept: {
      description: 'Accept the new issuer in addition to the old one',
      set: { where, text: config(from, [to]) },
      run,
      notes: [
        'audiences are listed, because their default is only the signing issuer: tokens for the old one would be rejected',
        'the document excludes cluster.serviceAccount: migrate a configuration that still has it, with its private key, first',
      ],
    },
    sign: { description: 'Sign with the new issuer', set: { where, text: config(to, [from]) }, run },
    drop: {
      description: 'Remove the old issuer',
      set: { where, text: config(to, []) },
      run,
      notes: [
        'lists in a patch are appended to existing ones: remove the old issuer from both lists (talosctl edit machineconfig)',
      ],
    },
    keepFor: '24 h',
    notes: [],
  }),
}

/** Talos before 1.14: the issuer is an argument before the default, the endpoint of the control plane. */
const runTalos113 = [
  'talosctl patch machineconfig --nodes NODE --patch @issuer.yaml   # one control-plane node, then the next',
]

export const talos113: Distribution = {
  title: 'Talos (before 1.14)',
  change: ({ from, to }) => ({
    accept: undefined,
    sign: {
      description: 'Sign with the new issuer; Talos continues to accept its default, the endpoint of the control plane',
      set: {
        where: 'issuer.yaml, a patch of the machine configuration of the control plane',
        text: ['cluster:', '  apiServer:', '    extraArgs:', `      service-account-issuer: ${to}`].join('\n'),
      },
      run: runTalos113,
      notes: [
        'this step has no preparation: until the last control-plane node has it, the other nodes reject (401) tokens of the new issuer. Use a maintenance window, without a pause between nodes',
        `if ${from} is not that endpoint, its tokens are rejected afterwards: upgrade to Talos 1.14 first`,
        'not with 1.13.0-rc.0, which put the argument after its default, so that no token had the new issuer (talos#13210)',
      ],
    },
    drop: undefined,
    keepFor: '24 h',
    notes: [],
  }),
}
