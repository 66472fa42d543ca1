/** The fields of `gcp` in a document: as they are written, and checked and canonical. */

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
  readonly trust?: GcpTrust
}

/** What `pullpass trust` sets up beside what an exchange needs to know. */
interface GcpTrust {
  /** projects/PROJECT/locations/LOCATION/repositories/REPOSITORY. */
  readonly repository: string
  /** CEL, on one line. */
  readonly attributeCondition?: string
  /** `Always`: the cluster's keys are uploaded to the provider, and the issuer's documents need not be public. Absent: `Never`. */
  readonly uploadKeys?: 'Always' | 'Never'
}

/** As it is written, before canonical names and the credential file. */
export interface GcpForm {
  readonly workloadIdentityProvider?: string
  readonly projectNumber?: string | number
  readonly poolId?: string
  readonly providerId?: string
  readonly serviceAccountEmail?: string
  readonly delegates?: readonly string[]
  readonly lifetime?: string
  readonly scopes?: readonly string[]
  readonly universeDomain?: string
  readonly stsRegion?: string
  readonly endpoints?: { readonly sts?: string; readonly iamCredentials?: string }
  readonly credentialFile?: string
  readonly trust?: GcpTrustForm
}

interface GcpTrustForm {
  readonly repository: string
  readonly attributeCondition?: string
  readonly uploadKeys?: 'Always' | 'Never'
}
