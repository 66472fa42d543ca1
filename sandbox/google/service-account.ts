/** A service account, and the resource of its policy. https://cloud.google.com/iam/docs/service-account-overview */

export interface ServiceAccount {
  readonly email: string
  /** 21 digits. */
  readonly uniqueId: string
  readonly displayName?: string
  readonly description?: string
  readonly disabled?: true
  readonly maxLifetimeSeconds: number
}

/** The resource of the policy of a service account. */
export const accountResource = (email: string): string => `projects/-/serviceAccounts/${email}`
