/** Configures trust: a provider for the cluster's issuer, and a service account that the principal may impersonate. */
import type { GoogleCloud } from './google-cloud.ts'
import { principalOf } from './iam/workload-identity.ts'

export interface TrustOptions {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  readonly provider: string
  readonly issuer: string
  /** Of the ServiceAccount's tokens: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  readonly serviceAccountEmail: string
}

/** Returns the principal of the subject. */
export function trustCluster(google: GoogleCloud, options: TrustOptions): string {
  const principal = principalOf(options.provider, options.subject)
  google.identity.putProvider({ name: options.provider, issuerUri: options.issuer })
  google.accounts.put(options.serviceAccountEmail)
  google.accounts.allowTokens(options.serviceAccountEmail, principal)
  return principal
}
