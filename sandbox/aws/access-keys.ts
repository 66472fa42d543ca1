/** Access keys of operators and of sessions of roles. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes */
import { randomBytes } from 'node:crypto'
import type { Policy } from './iam/policy.ts'

export interface Principal {
  readonly arn: string
  /** Name of the role whose session it is; undefined for a user. */
  readonly role?: string
  /** Absent: not limited. A user's own, or those of a session. */
  readonly limits?: readonly Policy[]
}

interface AccessKey {
  readonly secret: string
  readonly sessionToken?: string
  readonly expiresAt?: Date
  readonly principal: Principal
}

interface IssuedKey {
  readonly id: string
  readonly secret: string
  readonly sessionToken: string
}

export interface AccessKeys {
  readonly find: (id: string) => AccessKey | undefined
  /** Of a user: it does not expire. */
  readonly putUser: (id: string, secret: string, principal: Principal) => void
  readonly issue: (principal: Principal, expiresAt: Date) => IssuedKey
}

export function createAccessKeys(): AccessKeys {
  const keys = new Map<string, AccessKey>()
  return {
    find: (id) => keys.get(id),
    putUser: (id, secret, principal) => void keys.set(id, { secret, principal }),
    issue(principal, expiresAt) {
      const id = `ASIA${randomBytes(10).toString('hex').toUpperCase().slice(0, 16)}`
      const secret = randomBytes(30).toString('base64')
      const sessionToken = randomBytes(330).toString('base64')
      keys.set(id, { secret, sessionToken, expiresAt, principal })
      return { id, secret, sessionToken }
    },
  }
}
