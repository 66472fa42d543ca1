/**
 * k3s and RKE2, which share a configuration file and its rules: plain values replace the default and keep their order
 * (k3s#5374). https://docs.k3s.io/installation/configuration
 */
import type { ChangeSteps, Distribution, IssuerChange } from '../plan.ts'

interface RancherServer {
  /** `k3s`: its folder, and its own API audience. */
  readonly name: string
  /** Of systemd. */
  readonly unit: string
}

function changeByConfig({ from, to }: IssuerChange, { name, unit }: RancherServer): ChangeSteps {
  const where = `/etc/rancher/${name}/config.yaml, on each server`
  const run = [`systemctl restart ${unit}   # on one server, then on the next`]
  const set = (...issuers: readonly string[]) => ({
    where,
    text: ['kube-apiserver-arg:', ...issuers.map((issuer) => `  - service-account-issuer=${issuer}`)].join('\n'),
  })
  return {
    accept: {
      description: 'Accept the new issuer in addition to the old one: the first signs, all are accepted',
      set: set(from, to),
      run,
    },
    sign: {
      description: 'Sign with the new issuer: list it first',
      set: set(to, from),
      run,
      notes: [`if the old one is the default, "service-account-issuer-=${to}" also puts the new one first`],
    },
    drop: { description: 'Remove the old issuer', set: set(to), run },
    keepFor: '24 h',
    notes: [
      'keep the existing entries of kube-apiserver-arg',
      `not certain: in a cluster that Rancher manages, these arguments go into machineGlobalConfig; Rancher lost access after such changes (rancher#37664, #51195): test on a disposable cluster first`,
    ],
  }
}

/** k3s, whose default issuer is that of kubeadm: arguments in its file. https://docs.k3s.io/cli/server */
export const k3s: Distribution = {
  title: 'k3s',
  change: (change) => changeByConfig(change, { name: 'k3s', unit: 'k3s' }),
}

/** RKE2, set up as k3s is: arguments in its file. https://docs.rke2.io/reference/server_config */
export const rke2: Distribution = {
  title: 'RKE2',
  change: (change) => changeByConfig(change, { name: 'rke2', unit: 'rke2-server' }),
}
