/**
 * Variables that name an identity together. Where one lacks, a vendor's library passes the others over and asks for whoever
 * comes next, the machine's own at last.
 */
import type { Environment } from '../../../outside/outside.ts'
import { credentialsMissing } from './credentials-missing.ts'

export interface NamedTogether {
  readonly there: string
  /** Any of them goes with it. */
  readonly needs: readonly string[]
}

/** @throws PUBLISH_CREDENTIALS_MISSING, of the first of the pairs where the first is there and none of the others */
export function checkNamedTogether(environment: Environment, pairs: readonly NamedTogether[], hint: string): void {
  const half = pairs.find(({ there, needs }) => environment[there] && !needs.some((name) => environment[name]))
  if (half === undefined) return
  const lacks = half.needs.length === 1 ? `${half.needs[0]} is not` : `none of ${half.needs.join(', ')} is`
  throw credentialsMissing(
    `the operator's identity is named by half: ${half.there} is set, and ${lacks}`,
    'all variables of an identity, or none of them; no other identity is tried in its place',
    hint,
  )
}
