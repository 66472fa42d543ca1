/** How a kube-apiserver is to be started: what differs from server to server of one cluster. */
import type { KeyObject } from 'node:crypto'

/** The files that a server reads once, as it starts: each change of them is a restart. */
export interface ServiceAccountKeys {
  /** Private: signs service account tokens. Where it is not among `verifying`, they verify nowhere. */
  readonly signing: KeyObject
  /** Private or public: verify, and are published, in this order. */
  readonly verifying: readonly KeyObject[]
}

export interface ApiServerPlan {
  /** By default a free port of 127.0.0.1, which the EndpointSlice of the API servers refuses to lead to. */
  readonly listen?: { readonly address: string; readonly port: number }
  /** Of its service account tokens; by default its own address, where it publishes the issuer's documents. */
  readonly issuer?: string
  /** Whose tokens it takes besides. */
  readonly acceptedIssuers?: readonly string[]
  /** By default one RSA key. */
  readonly keys?: ServiceAccountKeys
  /** Those that are to differ from the defaults: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/ */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Further ones: `--max-requests-inflight=1`. */
  readonly flags?: readonly string[]
}

export interface ControlPlanePlan extends ApiServerPlan {
  /** `all`: default service accounts, root certificates, namespace deletion, garbage collection, cron jobs. */
  readonly controllers?: 'none' | 'all'
  /** `own`: each controller runs as its own service account (--use-service-account-credentials, the default here and of kubeadm);
   *  `shared`: all of them as system:kube-controller-manager. */
  readonly controllerAccounts?: 'own' | 'shared'
  /** Users beside the admin; they hold no rights by themselves. */
  readonly users?: readonly string[]
}
