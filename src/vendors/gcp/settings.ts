/** The fields of `gcp` in a document: as written, and validated in canonical form. */

export interface GcpSettings {
  /** projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, without host or scheme. */
  readonly workloadIdentityProvider: string
  /** Absent: direct federation. */
  readonly serviceAccountEmail?: string
  /** E-mail addresses of the intermediate accounts, in order. */
  readonly delegates?: readonly string[]
  readonly lifetimeSeconds?: number
  readonly scopes?: readonly string[]
  readonly universeDomain?: string
  /** Region of the token service, for sts.REGION.rep.googleapis.com. */
  readonly stsRegion?: string
  /** Origins, without a path, that replace the default ones, such as that of an emulator. */
  readonly endpoints?: { readonly sts?: string; readonly iamCredentials?: string }
  readonly trust?: GcpTrust
}

/** Settings of `pullpass trust`, not used by the exchange. */
interface GcpTrust {
  /** projects/PROJECT/locations/LOCATION/repositories/REPOSITORY. */
  readonly repository: string
  /** CEL, on one line. */
  readonly attributeCondition?: string
  /** `Always`: the cluster's keys are uploaded to the provider, and the issuer's documents need not be public. Absent: `Never`. */
  readonly uploadKeys?: 'Always' | 'Never'
}

/** As written, before the names are canonical and the credential file is read. */
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
