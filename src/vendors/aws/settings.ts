/** The fields of `aws` in a document, as they are written and after validation. */

export interface AwsSettings {
  readonly roleArn: string
  /** Of the registries: an authorization token is valid in its region only. */
  readonly region: string
  /** Of the token service; absent: `region`. */
  readonly stsRegion?: string
  readonly sessionName?: string
  readonly sessionDurationSeconds?: number
  /** JSON: limits the permissions of the session. */
  readonly sessionPolicy?: string
  readonly sessionPolicyArns?: readonly string[]
  /** Roles that the session assumes one after the other; the last one pulls. */
  readonly assumeRoles?: readonly ChainedRole[]
  readonly endpointType?: EndpointType
  /** Origins that replace AWS's own, such as an emulator's; no path. */
  readonly endpoints?: { readonly sts?: string; readonly ecr?: string }
  readonly trust?: AwsTrust
}

interface ChainedRole {
  readonly roleArn: string
  readonly externalId?: string
}

export type EndpointType = 'Standard' | 'FIPS' | 'DualStack' | 'FIPSDualStack'

/** What `pullpass trust` configures; exchanges do not use it. */
interface AwsTrust extends ProviderTrust {
  /** ARNs. */
  readonly repositories: readonly string[]
}

export interface ProviderTrust {
  /** SHA-1 of the certificate authority of an issuer whose certificate is not signed by a public authority. */
  readonly thumbprints?: readonly string[]
}

/** As it is written. */
export interface AwsForm extends Omit<AwsSettings, 'sessionDurationSeconds'> {
  readonly sessionDuration?: string
}
