/** The cluster of a guide, whose issuer changes at a step of the guide, as after a roll-out. */
import type { ApiServer } from '../parts/control-plane/request-kubernetes.ts'

export interface GuideCluster {
  readonly kind: 'sandbox' | 'real'
  /** Of its admin; it changes after a roll-out. */
  readonly kubeconfig: () => string
  readonly apiServer: () => ApiServer
  /** The issuer of its new tokens. */
  readonly issuer: () => string
  /** Rolls out another issuer for new tokens; tokens of the `accepted` issuers remain valid. */
  readonly changeIssuer: (issuer: string, accepted: readonly string[]) => Promise<void>
}
