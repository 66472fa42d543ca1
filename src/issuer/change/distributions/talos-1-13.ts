/** Talos before 1.14: the issuer is an argument, which Talos puts before its default, the endpoint of the control plane. */
import type { Distribution } from '../issuer-change.ts'

const run = ['talosctl patch machineconfig --nodes NODE --patch @issuer.yaml   # one control-plane node, then the next']

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
      run,
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
