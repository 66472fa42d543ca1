/**
 * The ordered steps from one issuer to another. Replacing an issuer in one step rejects all tokens of the old one. The first
 * issuer of an API server signs, all are accepted; each step is a roll-out during which replicas differ. https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { cacheSeconds } from '../oidc/issuer-documents.ts'
import { checkIssuerUrl } from '../oidc/issuer-url.ts'
import { quote } from '../text/plain-text.ts'
import { shellOperand, shellVariable } from '../text/shell.ts'

export interface IssuerPlan {
  readonly change: IssuerChange
  readonly steps: readonly PlanStep[]
  readonly notes: readonly string[]
}

/** Placeholder for a URL that is not chosen yet. */
export const anyIssuer = 'https://HOST/PATH'

/** `to`: one that checkNewIssuer passed, or anyIssuer. */
export function planIssuerChange(distribution: Distribution, { from, to }: IssuerChange): IssuerPlan {
  const change = { from: isPlainUrl(from) ? from : 'OLD-ISSUER', to }
  const { accept, sign, drop, keepFor, keys, notes } = distribution.change(change)
  const steps = [
    keys === 'new' ? undefined : publishStep(to),
    accept && withNote(accept, replicasNote),
    sign,
    keys === 'new' ? publishNewStep(to) : undefined,
    confirmStep(to),
    keepFor === undefined ? undefined : waitStep(change, keepFor),
    drop && withNote(drop, audienceNote(change)),
  ]
  return { change, steps: steps.filter((step) => step !== undefined), notes }
}

const withNote = (step: PlanStep, note: string): PlanStep => ({ ...step, notes: [...(step.notes ?? []), note] })

const replicasNote =
  'wait until every API server runs with it before the next step: an API server rejects (401) tokens of an issuer that it does not list yet'

const audienceNote = ({ from }: IssuerChange) =>
  `unless --api-audiences is set, the audience ${from} is removed with it: requests for tokens for that audience are rejected`

const publishStep = (to: string): PlanStep => ({
  description: 'Publish the metadata of the new issuer, and configure trust in it',
  run: [
    `pullpass issuer publish --to ${shellVariable('TARGET')} --issuer-url ${shellOperand(to, 'ISSUER')}`,
    `pullpass issuer check ${shellOperand(to, 'ISSUER')}`,
  ],
  notes: [
    'the keys stay the same, so they can be published before a token is signed; keep the trust in the old issuer',
    `sign with the new issuer at least ${cacheSeconds} s later: issuer publish prints "safe to sign with KID from TIME"; until then verifiers may have cached the previous keys`,
  ],
})

const publishNewStep = (to: string): PlanStep => ({
  description: 'Publish the metadata of the new issuer with its new keys, and configure trust in it',
  run: [`pullpass issuer publish --to ${shellVariable('TARGET')} --issuer-url ${shellOperand(to, 'ISSUER')}`],
})

const confirmStep = (to: string): PlanStep => ({
  description: 'Verify that new tokens carry the new issuer, and that anonymous clients can verify them',
  // Such a token has every accepted issuer as audience, now two, which some vendors reject: only the signature is checked.
  run: [
    'pullpass issuer show',
    `kubectl create token default | pullpass issuer check ${shellOperand(to, 'ISSUER')} --for oidc --token-file -`,
  ],
  notes: [
    'projected tokens keep the old issuer until the kubelet renews them, at 80 % of their lifetime or after 24 h',
  ],
})

const waitStep = ({ from }: IssuerChange, keepFor: string): PlanStep => ({
  description: `Wait at least ${keepFor}, and until no client uses a token of ${from}`,
  notes: ['a workload that reads its token only once can keep it for up to a year: restart it'],
})

// Whether a URL can become an issuer: clouds accept it, and it needs no quoting in YAML or a shell.

/** Needs no quotes in a snippet or a command. */
const isPlainUrl = (url: string): boolean => /^https?:\/\/[A-Za-z0-9][\w.:~%@+/-]*$/.test(url)

/** `from`: its source, for the message. ISSUER_UNUSABLE, or undefined. */
export function checkNewIssuer(issuer: string, from: string): PullpassError | undefined {
  const fault = checkIssuerUrl(issuer, from)
  if (fault !== undefined || isPlainUrl(issuer)) return fault
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `${from} is ${quote(issuer)}: it contains characters with a meaning in a shell or in YAML`,
    expected: 'letters, digits and . _ ~ - / : % @ +',
    hint: 'choose another path without these characters',
  })
}

/** A distribution's change of issuer as data: the settings that accept the new one, sign with it, and remove the old one. */
export interface IssuerChange {
  /** The issuer of current tokens. */
  readonly from: string
  readonly to: string
}

export interface PlanStep {
  readonly description: string
  /** The setting, and its location. */
  readonly set?: { readonly where: string; readonly text: string }
  /** Shell commands. */
  readonly run?: readonly string[]
  /** Pitfalls, and what is not certain. */
  readonly notes?: readonly string[]
}

/** Each step is a roll-out: API servers read these settings only at startup. */
export interface ChangeSteps {
  /** The new issuer is accepted, the old one still signs; undefined if the distribution does not support that. */
  readonly accept: PlanStep | undefined
  /** The new issuer signs, the old one is still accepted. */
  readonly sign: PlanStep
  /** The old issuer is removed; undefined if that needs no step. */
  readonly drop: PlanStep | undefined
  /** How long the old issuer must be accepted once the new one signs: `24 h`; undefined if it cannot be. */
  readonly keepFor: string | undefined
  /** `new`: the change creates new signing keys, which can be published only afterwards. Absent: they stay the same. */
  readonly keys?: 'new'
  readonly notes: readonly string[]
}

export interface Distribution {
  /** `kubeadm (v1beta4)`. */
  readonly title: string
  readonly change: (change: IssuerChange) => ChangeSteps
}
