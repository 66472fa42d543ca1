/** What a document says of Google: the fields of `gcp`, checked and canonical. */

export interface GcpSettings {
  /** projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, without host or scheme. */
  readonly workloadIdentityProvider: string
  /** Absent: direct federation. */
  readonly serviceAccountEmail?: string
  /** E-mail addresses of the accounts between, in order. */
  readonly delegates?: readonly string[]
  readonly lifetimeSeconds?: number
  readonly scopes?: readonly string[]
  readonly universeDomain?: string
  /** Region of the token service, for sts.REGION.rep.googleapis.com. */
  readonly stsRegion?: string
  /** Origins that replace Google's own, such as an emulator's; no path. */
  readonly endpoints?: { readonly sts?: string; readonly iamCredentials?: string }
}
