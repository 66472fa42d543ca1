/**
 * docs/issuer-change.md: the steps from one issuer to another as pullpass issuer show prints them; those that are equal for
 * all distributions once, then what each distribution sets.
 */
import { renderPlan, renderStep } from '../src/commands/issuer/show-report.ts'
import { type DistributionName, distributions } from '../src/issuer-change/distributions.ts'
import { type ChangeSteps, type Distribution, type IssuerChange, planIssuerChange } from '../src/issuer-change/plan.ts'

/** The default of most; Gardener's and Talos' are names of the API server. */
const defaults: ReadonlyMap<string, string> = new Map([
  ['gardener', 'https://api.cluster.project.internal.example.com'],
  ['talos-1.13', 'https://cluster.example.com:6443'],
  ['talos-1.14', 'https://cluster.example.com:6443'],
  ['kops', 'https://api.internal.cluster.example.com'],
])
const to = 'https://oidc.example.com/cluster-1'

export function renderIssuerChangePage(): string {
  const sections = [...distributions].map(([name, distribution]) => renderSection(name, distribution))
  return `${[head, fence(renderCommonSteps()), ...sections].join('\n\n')}\n`
}

/** Steps 2, 3 and 6 depend on the distribution. */
function renderCommonSteps(): string {
  const change = (): ChangeSteps => ({
    accept: { description: 'Accept the new issuer in addition to the old one' },
    sign: { description: 'Sign with the new issuer' },
    drop: { description: 'Remove the old issuer' },
    keepFor: '24 h (or as stated below)',
    notes: [],
  })
  return renderPlan(planIssuerChange({ title: 'any', change }, { from: 'OLD-ISSUER', to }))
}

/** Distributions that set almost the same as another one: only the different lines are printed. */
const variants: ReadonlyMap<string, DistributionName> = new Map([
  ['rke2', 'k3s'],
  ['cluster-api-v1beta2', 'cluster-api-v1beta1'],
])

function renderSection(name: DistributionName, distribution: Distribution): string {
  const change = { from: defaults.get(name) ?? 'https://kubernetes.default.svc.cluster.local', to }
  const { accept, keepFor, keys, notes } = distribution.change(change)
  const facts = [
    ...(keys === 'new' ? ['All steps:'] : accept === undefined ? ['Step 2 is not possible.'] : []),
    ...(keepFor === undefined || keepFor === '24 h' ? [] : [`Wait at least ${keepFor} in step 5.`]),
  ]
  const other = variants.get(name)
  const like = other === undefined ? undefined : distributions.get(other)
  const opening = [`\`--distribution ${name}\`, from ${change.from}.`, ...facts].join(' ')
  const own = renderOwnSteps(distribution, change)
  if (like === undefined) {
    const list =
      notes.length > 0 ? [notes.map((note) => `- ${note[0]?.toUpperCase()}${note.slice(1)}.`).join('\n')] : []
    return [`## ${distribution.title}`, opening, fence(own), ...list].join('\n\n')
  }
  const known = new Set(renderOwnSteps(like, change).split('\n'))
  const different = [...new Set(own.split('\n').filter((line) => !known.has(line)))].join('\n')
  return [`## ${distribution.title}`, `${opening} As ${like.title}, except these lines:`, fence(different)].join('\n\n')
}

function renderOwnSteps(distribution: Distribution, change: IssuerChange): string {
  const { accept, sign, drop, keys } = distribution.change(change)
  if (keys === 'new') return renderPlan(planIssuerChange(distribution, change))
  return [
    ...(accept === undefined ? [] : renderStep(accept, 2)),
    ...renderStep(sign, 3),
    ...(drop === undefined ? [] : renderStep(drop, 6)),
  ].join('\n')
}

const fence = (text: string) => `\`\`\`\n${text}\n\`\`\``

const head = `# Change the issuer

<!-- Made by tools/schema.ts from src/issuer-change/distributions; change it there. -->

Clouds verify a cluster's tokens at its issuer, a URL that they must be able to read. Most clusters start with an issuer that can be
reached only inside the cluster. Replacing it in one step rejects all existing tokens, of system pods, operators and workloads.
Therefore every change has two roll-outs: first the new issuer is *accepted* everywhere, then it *signs*, while the old one stays
accepted until its tokens have expired. API servers read these settings only at startup, so each step restarts every one of them.

\`pullpass issuer show --to-issuer URL\` prints the steps for your cluster. It detects the distribution from the server's version, a
node's labels, or kubeadm's ConfigMap; \`--distribution NAME\` sets it. Test what is marked "not certain" on a disposable cluster. The
issuers of EKS, GKE, AKS and Gardener (managed) are public and cannot be changed.

## Steps for every distribution`
