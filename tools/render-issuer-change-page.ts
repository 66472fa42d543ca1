/** docs/issuer-change.md: the steps from one issuer to another, for each distribution, as pullpass issuer show prints them. */
import { renderPlan } from '../src/commands/issuer/show-report.ts'
import { distributions } from '../src/issuer-change/distributions.ts'
import { planIssuerChange } from '../src/issuer-change/plan.ts'

/** The default of most; Gardener's and Talos' are names of the API server. */
const defaults: ReadonlyMap<string, string> = new Map([
  ['gardener', 'https://api.cluster.project.internal.example.com'],
  ['talos-1.13', 'https://cluster.example.com:6443'],
  ['talos-1.14', 'https://cluster.example.com:6443'],
  ['kops', 'https://api.internal.cluster.example.com'],
])

export function renderIssuerChangePage(): string {
  const sections = [...distributions].map(([name, distribution]) => {
    const from = defaults.get(name) ?? 'https://kubernetes.default.svc.cluster.local'
    const plan = planIssuerChange(distribution, { from, to: 'https://oidc.example.com/cluster-1' })
    return [`## ${distribution.title}`, '', `\`--distribution ${name}\``, '', '```', renderPlan(plan), '```'].join('\n')
  })
  return `${[head, ...sections].join('\n\n')}\n`
}

const head = `# From one issuer to another

<!-- Made by tools/schema.ts from src/issuer/change/distributions; change it there. -->

Clouds verify a cluster's tokens by its issuer, so that has to be a URL that they can read. Most clusters begin with one that
exists inside them alone. To replace it in one step locks out whatever holds a token of the old one: system pods, operators,
workloads. Therefore every change has two roll-outs: the new issuer is *accepted* everywhere first, and only then it *signs*,
while the old one goes on being accepted for as long as its tokens live. API servers read these settings at start only, so
each step restarts each of them, and until the last one is restarted they differ.

\`pullpass issuer show --to-issuer URL\` prints these steps for the cluster at hand, with its own issuer. It recognizes the
distribution by the server's version, a node's labels, or kubeadm's record, and says by which; \`--distribution NAME\` names
it. What is marked "not certain" is second-hand: try it on a cluster that you can lose. EKS, GKE, AKS and Gardener's managed
issuer are public already, and cannot be changed.`
