/** Sets up Google's side: a provider that believes the cluster, and a service account that its principal may become. */
import type { GoogleCloud } from '../google/google-cloud.ts'
import { principalOf } from '../google/workload-identity.ts'

export interface TrustOptions {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  readonly provider: string
  readonly issuer: string
  /** Of the account's tokens: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  readonly serviceAccountEmail: string
}

/** Returns the principal that the subject is. */
export function trustCluster(google: GoogleCloud, options: TrustOptions): string {
  const principal = principalOf(options.provider, options.subject)
  google.identity.putProvider({ name: options.provider, issuerUri: options.issuer })
  google.accounts.put(options.serviceAccountEmail)
  google.accounts.allowTokens(options.serviceAccountEmail, principal)
  return principal
}
