/** Operators of Google Cloud. Each has every permission except those that were withheld. */
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { type AccessTokens, cloudPlatform } from './access-tokens.ts'
import { insufficientScopes, invalidCredential, missingCredential, permissionDenied } from './api-errors.ts'

export interface Operators {
  /** `user:EMAIL`, `serviceAccount:EMAIL` or `principal://…`, with every permission. */
  readonly put: (member: string) => void
  /** Removes one permission from all of them, such as `iam.workloadIdentityPools.create`. */
  readonly withhold: (permission: string) => void
  readonly restore: (permission: string) => void
  readonly may: (member: string, permission: string) => boolean
  /** The error response for a call without the permission; undefined if it is allowed. */
  readonly refuse: (request: SandboxRequest, needed: Needed) => SandboxResponse | undefined
}

interface Needed {
  readonly permission: string
  /** `iam.googleapis.com`. */
  readonly service: string
  /** Absent for a service account: Google does not name it in errors. */
  readonly resource?: string
}

export function createOperators(holderOf: AccessTokens['holderOf']): Operators {
  const members = new Set<string>()
  const withheld = new Set<string>()
  const may: Operators['may'] = (member, permission) => members.has(member) && !withheld.has(permission)
  return {
    may,
    put: (member) => void members.add(member),
    withhold: (permission) => void withheld.add(permission),
    restore: (permission) => void withheld.delete(permission),
    refuse({ headers }, { permission, service, resource }) {
      const accessToken = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1]
      if (!accessToken) return missingCredential
      const holder = holderOf(accessToken)
      if (!holder) return invalidCredential
      if (!holder.scopes.includes(cloudPlatform)) return insufficientScopes(service)
      return may(holder.member, permission) ? undefined : permissionDenied(permission, service, resource)
    },
  }
}
