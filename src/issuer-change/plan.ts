/**
 * The steps from one issuer to another, numbered by their order: replaced in one step, an issuer locks out whatever holds a
 * token of the old one. The first issuer of an API server signs, all are accepted; each step is a roll-out, in which
 * replicas differ. https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { cacheSeconds } from '../oidc/issuer-documents.ts'
import { checkIssuerUrl } from '../oidc/issuer-url.ts'
import { quote } from '../text/quote.ts'

export interface IssuerPlan {
  readonly change: IssuerChange
  readonly steps: readonly PlanStep[]
  readonly mind: readonly string[]
}

/** Stands for a URL that nobody named yet. */
export const anyIssuer = 'https://HOST/PATH'

/** `to`: one that checkNewIssuer passed, or anyIssuer. */
export function planIssuerChange(distribution: Distribution, { from, to }: IssuerChange): IssuerPlan {
  const change = { from: isPlainUrl(from) ? from : 'OLD-ISSUER', to }
  const { accept, sign, drop, keepFor, keys, mind } = distribution.change(change)
  const steps = [
    keys === 'new' ? undefined : publishStep(to),
    accept && minding(accept, mindReplicas),
    sign,
    keys === 'new' ? publishNewStep(to) : undefined,
    confirmStep(to),
    keepFor === undefined ? undefined : waitStep(change, keepFor),
    drop && minding(drop, mindAudience(change)),
  ]
  return { change, steps: steps.filter((step) => step !== undefined), mind }
}

const minding = (step: PlanStep, more: string): PlanStep => ({ ...step, mind: [...(step.mind ?? []), more] })

const mindReplicas =
  'wait until every API server runs with it before the next step: meanwhile replicas refuse (401) what a neighbour signed as an issuer that they do not list yet'

const mindAudience = ({ from }: IssuerChange) =>
  `unless --api-audiences is set, the audience ${from} is dropped with it: who asks for tokens for it by name is refused`

const publishStep = (to: string): PlanStep => ({
  does: 'Publish the documents of the new issuer, and let the clouds trust it',
  run: [`pullpass issuer publish --to TARGET --issuer-url ${to}`, `pullpass issuer check ${to}`],
  mind: [
    'its keys stay the same, so they can be public before anything is signed; leave the trust in the old issuer as it is',
    `sign as the new issuer ${cacheSeconds} s later at the earliest: issuer publish prints "safe to sign with KID from TIME"; until then verifiers may have a copy of the keys from before`,
  ],
})

const publishNewStep = (to: string): PlanStep => ({
  does: 'Publish the documents of the new issuer, with its new keys, and let the clouds trust it',
  run: [`pullpass issuer publish --to TARGET --issuer-url ${to}`],
})

const confirmStep = (to: string): PlanStep => ({
  does: 'Confirm that new tokens carry the new issuer, and that strangers can verify them',
  // Such a token is for every accepted issuer, two by now, which Azure would refuse: whether it verifies is what is asked.
  run: ['pullpass issuer show', `kubectl create token default | pullpass issuer check ${to} --for oidc --token-file -`],
  mind: ['projected tokens keep the old issuer until the kubelet renews them, at 80 % of their life or after 24 h'],
})

const waitStep = ({ from }: IssuerChange, keepFor: string): PlanStep => ({
  does: `Wait: ${keepFor}, and as long as anything still uses a token of ${from}`,
  mind: ['whoever reads its token only once may keep one for up to a year: restart it'],
})

// Whether a URL is fit to become an issuer: clouds can take it, and it can stand in YAML and in a shell as it is.

/** Without quotes, in a snippet or a command. */
const isPlainUrl = (url: string): boolean => /^https?:\/\/[A-Za-z0-9][\w.:~%@+/-]*$/.test(url)

/** `from`: what named it, for the message. ISSUER_UNUSABLE, or undefined. */
export function checkNewIssuer(issuer: string, from: string): PullpassError | undefined {
  const fault = checkIssuerUrl(issuer, from)
  if (fault !== undefined || isPlainUrl(issuer)) return fault
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `${from} is ${quote(issuer)}: it has characters that mean something to a shell or to YAML`,
    expected: 'letters, digits and . _ ~ - / : % @ +',
    hint: 'choose another path: clouds compare it letter by letter, so a plain one is the safe one',
  })
}

/** What a distribution says of a change of issuer, as data: which settings accept the new one, sign as it, drop the old one. */
export interface IssuerChange {
  /** What tokens carry now. */
  readonly from: string
  readonly to: string
}

export interface PlanStep {
  readonly does: string
  /** What is to be set, and where. */
  readonly set?: { readonly where: string; readonly text: string }
  /** Commands, as a shell takes them. */
  readonly run?: readonly string[]
  /** What breaks otherwise, and what is not certain. */
  readonly mind?: readonly string[]
}

/** Each step is a roll-out: API servers read their settings at start only. */
export interface ChangeSteps {
  /** The new issuer is accepted, the old one still signs; undefined where the distribution cannot do that. */
  readonly accept: PlanStep | undefined
  /** The new issuer signs, the old one is still accepted. */
  readonly sign: PlanStep
  /** The old issuer is gone; undefined where that needs no step. */
  readonly drop: PlanStep | undefined
  /** How long the old issuer has to be accepted once the new one signs: `24 h`; undefined where it cannot be. */
  readonly keepFor: string | undefined
  /** `new`: the change makes new signing keys, which can be published only after it. Absent: they stay the same. */
  readonly keys?: 'new'
  readonly mind: readonly string[]
}

export interface Distribution {
  /** `kubeadm (v1beta4)`. */
  readonly title: string
  readonly change: (change: IssuerChange) => ChangeSteps
}
