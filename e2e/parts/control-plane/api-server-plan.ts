/** Start options of a kube-apiserver that may differ between the servers of one cluster. */
import type { KeyObject } from 'node:crypto'

/** Key files, which a server reads only at its start: each change needs a restart. */
export interface ServiceAccountKeys {
  /** Private: signs service account tokens. If it is not in `verifying`, no server accepts them. */
  readonly signing: KeyObject
  /** Private or public: verification keys, served in this order. */
  readonly verifying: readonly KeyObject[]
}

export interface ApiServerPlan {
  /** By default a free port of 127.0.0.1, which the EndpointSlice of the API servers may not contain. */
  readonly listen?: { readonly address: string; readonly port: number }
  /** Of its service account tokens; by default its own address, where it serves the issuer metadata. */
  readonly issuer?: string
  /** Further issuers whose tokens it accepts. */
  readonly acceptedIssuers?: readonly string[]
  /** By default one RSA key. */
  readonly keys?: ServiceAccountKeys
  /** Differences from the defaults: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/ */
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
  /** Users in addition to the admin, without permissions. */
  readonly users?: readonly string[]
}
