/** The registry's bearer tokens, with the repositories that each may pull from and its expiry. */
import { randomBytes } from 'node:crypto'

export interface PullTokens {
  readonly grant: (repositories: readonly string[], expiresAt: Date) => string
  /** Undefined for an unknown or expired token. */
  readonly repositoriesOf: (token: string) => readonly string[] | undefined
}

export function createPullTokens(now: () => Date): PullTokens {
  const granted = new Map<string, { repositories: readonly string[]; expiresAt: Date }>()
  return {
    grant(repositories, expiresAt) {
      const token = randomBytes(48).toString('base64url')
      granted.set(token, { repositories, expiresAt })
      return token
    },
    repositoriesOf(token) {
      const grant = granted.get(token)
      if (!grant || grant.expiresAt > now()) return grant?.repositories
      granted.delete(token)
      return undefined
    },
  }
}
