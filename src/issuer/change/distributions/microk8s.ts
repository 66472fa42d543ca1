/** MicroK8s: arguments in a file, one a line. https://microk8s.io/docs/configuring-services */
import type { Distribution } from '../issuer-change.ts'

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
