/** The order in which trust is made: each resource with those that must be there before. */
import type { Wanted } from './look.ts'
import { grantName, poolOf, type WantedGrant, type WantedTrust } from './wanted-trust.ts'

export interface Step {
  readonly name: string
  readonly wanted: Wanted
  /** Names of steps. */
  readonly needs: readonly string[]
}

export function trustSteps({ pools, providers, accounts, grants }: WantedTrust): Step[] {
  return [
    ...pools.map((wanted) => ({ name: wanted.name, wanted: { kind: 'pool', wanted } as const, needs: [] })),
    ...providers.map((wanted) => ({
      name: wanted.name,
      wanted: { kind: 'provider', wanted } as const,
      needs: [poolOf(wanted.name)],
    })),
    ...accounts.map((wanted) => ({ name: wanted.email, wanted: { kind: 'account', wanted } as const, needs: [] })),
    ...grants.map((wanted) => ({
      name: grantName(wanted),
      wanted: { kind: 'grant', wanted } as const,
      needs: needsOf(wanted),
    })),
  ]
}

/** Google refuses a member that does not exist. */
function needsOf({ on, member }: WantedGrant): string[] {
  const account = /^serviceAccount:(.+)$/.exec(member)?.[1]
  const pool = /^principal:\/\/iam\.googleapis\.com\/(.+?)\/subject\//.exec(member)?.[1]
  return [on.kind === 'serviceAccount' ? on.email : undefined, account, pool].filter((name) => name !== undefined)
}
