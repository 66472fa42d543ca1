/** Sets up Google's side: a provider that believes the cluster, and a service account that its principal may become. */
import type { GoogleCloud } from '../google/google-cloud.ts'
import { principalOf } from '../google/workload-identity.ts'

export interface TrustWanted {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  readonly provider: string
  readonly issuer: string
  /** Of the account's tokens: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  readonly serviceAccountEmail: string
}

/** Returns the principal that the subject is. */
export function trustCluster(google: GoogleCloud, wanted: TrustWanted): string {
  const principal = principalOf(wanted.provider, wanted.subject)
  google.identity.putProvider({ name: wanted.provider, issuerUri: wanted.issuer })
  google.accounts.put(wanted.serviceAccountEmail)
  google.accounts.allowTokens(wanted.serviceAccountEmail, principal)
  return principal
}
