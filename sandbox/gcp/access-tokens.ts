/** Access tokens that Google issued, with principal, scopes and expiry. */
import { randomBytes } from 'node:crypto'

export interface AccessGrant {
  /** An IAM member: `principal://iam.googleapis.com/…/subject/SUB` or `serviceAccount:EMAIL`. */
  readonly member: string
  /** The `principalSet://…` members that include it; absent: none. */
  readonly sets?: readonly string[]
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

export interface AccessTokens {
  readonly grant: (grant: AccessGrant) => string
  /** Undefined for an unknown or expired token. */
  readonly holderOf: (accessToken: string) => AccessGrant | undefined
}

export function createAccessTokens(now: () => Date): AccessTokens {
  const granted = new Map<string, AccessGrant>()
  const holderOf: AccessTokens['holderOf'] = (accessToken) => {
    const grant = granted.get(accessToken)
    if (!grant || grant.expiresAt > now()) return grant
    granted.delete(accessToken)
    return undefined
  }
  return {
    grant(grant) {
      const accessToken = `ya29.${randomBytes(150).toString('base64url')}`
      granted.set(accessToken, grant)
      return accessToken
    },
    holderOf,
  }
}

export const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform'

/** All members in a policy that match the principal. */
export const membersOf = ({ member, sets = [] }: AccessGrant): readonly string[] => [
  member,
  ...sets,
  'allAuthenticatedUsers',
  'allUsers',
]
