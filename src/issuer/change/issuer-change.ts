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
