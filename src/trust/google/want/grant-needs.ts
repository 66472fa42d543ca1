/**
 * What must be in place before a grant is made: Google refuses a member that does not exist; and a grant on top of a provider
 * that was refused would let that provider's cluster in.
 */
import type { WantedGrant } from './wanted-at-google.ts'

export interface GrantNeeds {
  /** Email addresses: of the account that it is on, and of its member. */
  readonly accounts: readonly string[]
  /** Of the principal that it is for. */
  readonly pool: string | undefined
  readonly providers: readonly string[]
}

export function grantNeeds({ on, member, providers }: WantedGrant): GrantNeeds {
  const account = /^serviceAccount:(.+)$/.exec(member)?.[1]
  const pool = /^principal:\/\/iam\.googleapis\.com\/(.+?)\/subject\//.exec(member)?.[1]
  const target = on.kind === 'serviceAccount' ? on.email : undefined
  return { accounts: [target, account].filter((email) => email !== undefined), pool, providers }
}
