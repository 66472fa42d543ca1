/** The order in which trust is made: each resource with those that must be there before. */
import { grantNeeds } from './grant-needs.ts'
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

function needsOf(grant: WantedGrant): string[] {
  const { accounts, pool } = grantNeeds(grant)
  return pool === undefined ? [...accounts] : [...accounts, pool]
}
