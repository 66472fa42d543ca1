/** A service account, and where its policy is kept. https://cloud.google.com/iam/docs/service-account-overview */

export interface ServiceAccount {
  readonly email: string
  /** 21 digits. */
  readonly uniqueId: string
  readonly displayName?: string
  readonly description?: string
  readonly disabled?: true
  readonly maxLifetimeSeconds: number
}

/** Where the policies of an account are kept. */
export const accountResource = (email: string): string => `projects/-/serviceAccounts/${email}`
