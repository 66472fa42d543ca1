/** The cluster that a guide is about: whose issuer is another one from some step on, as after a roll-out. */
import type { ApiServer } from '../parts/control-plane/request-kubernetes.ts'

export interface GuideCluster {
  readonly kind: 'sandbox' | 'real'
  /** Of its admin; another one after a roll-out. */
  readonly kubeconfig: () => string
  readonly apiServer: () => ApiServer
  /** What it signs as. */
  readonly issuer: () => string
  /** Rolls out: signs as `issuer` from now on, and takes tokens of the others too. */
  readonly changeIssuer: (issuer: string, accepted: readonly string[]) => Promise<void>
}
