/** The cluster of a guide, whose issuer changes at a step of the guide, as after a roll-out. */
import type { ApiServer } from '../parts/control-plane/request-kubernetes.ts'

/** As the flags of kube-apiserver: the issuer of new tokens, and further ones whose tokens are valid. */
export interface Issuers {
  readonly issuer: string
  readonly acceptedIssuers: readonly string[]
}

export interface GuideIssuers {
  readonly first: Issuers
  /** How many steps of the guide change the issuer. */
  readonly rollOuts: number
}

export interface GuideCluster {
  readonly kind: 'sandbox' | 'real'
  /** Of its admin; it changes after a roll-out. */
  readonly kubeconfig: () => string
  readonly apiServer: () => ApiServer
  /** The issuer of its new tokens. */
  readonly issuer: () => string
  /** Rolls out another issuer for new tokens. */
  readonly changeIssuer: (issuers: Issuers) => Promise<void>
}
