/** Talos since 1.14: a document of its own, KubeServiceAccountConfig, tells who signs and who is accepted. */
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
      does: 'Accept the new issuer beside the old one',
      set: { where, text: config(from, [to]) },
      run,
      mind: [
        'audiences are named, since their default is the issuer that signs, alone: tokens for the old one would be refused',
        'the document excludes cluster.serviceAccount: a configuration that still has it is migrated first, with its private key',
      ],
    },
    sign: { does: 'Sign as the new issuer', set: { where, text: config(to, [from]) }, run },
    drop: {
      does: 'Drop the old issuer',
      set: { where, text: config(to, []) },
      run,
      mind: [
        'lists of a patch are added to what is there: see that the old issuer is gone from both (talosctl edit machineconfig)',
      ],
    },
    keepFor: '24 h',
    mind: [],
  }),
}

/** Talos before 1.14: the issuer is an argument, which Talos puts before its default, the endpoint of the control plane. */
const runTalos113 = [
  'talosctl patch machineconfig --nodes NODE --patch @issuer.yaml   # one control-plane node, then the next',
]

export const talos113: Distribution = {
  title: 'Talos (before 1.14)',
  change: ({ from, to }) => ({
    accept: undefined,
    sign: {
      does: 'Sign as the new issuer; Talos goes on accepting its default, the endpoint of the control plane',
      set: {
        where: 'issuer.yaml, a patch of the machine configuration of the control plane',
        text: ['cluster:', '  apiServer:', '    extraArgs:', `      service-account-issuer: ${to}`].join('\n'),
      },
      run: runTalos113,
      mind: [
        'there is no step before this one: until the last control-plane node has it, the others refuse (401) tokens of the new issuer. Do it in a quiet hour, and without a pause between nodes',
        `where ${from} is not that endpoint, it is accepted no more, and its tokens are refused: upgrade to Talos 1.14 first`,
        'not with 1.13.0-rc.0, which put the argument after its default, so that nothing was signed as the new issuer (talos#13210)',
      ],
    },
    drop: undefined,
    keepFor: '24 h',
    mind: [],
  }),
}
