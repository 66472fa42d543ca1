/** People who set up Google's side, each with every permission but those that were withheld. */
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { type AccessTokens, cloudPlatform } from './access-tokens.ts'
import { insufficientScopes, invalidCredential, missingCredential, permissionDenied } from './api-errors.ts'

export interface Operators {
  /** `user:EMAIL`, `serviceAccount:EMAIL` or `principal://…`, with every permission. */
  readonly put: (member: string) => void
  /** Takes one permission from all of them: `iam.workloadIdentityPools.create`. */
  readonly withhold: (permission: string) => void
  readonly restore: (permission: string) => void
  readonly may: (member: string, permission: string) => boolean
  /** What a call that needs the permission is refused with; undefined where it may go on. */
  readonly refuse: (request: SandboxRequest, needed: Needed) => SandboxResponse | undefined
}

interface Needed {
  readonly permission: string
  /** `iam.googleapis.com`. */
  readonly service: string
  /** Absent for a service account, which Google does not name. */
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
