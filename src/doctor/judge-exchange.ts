/** Whether the vendor took the token, and what stands behind its refusal: pure. */

import type { ErrorCode } from '../outside/error-codes.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { failedBy } from './failed-by.ts'
import { type DoctorHop, type Finding, failureOf, type Remedy } from './finding.ts'
import type { ExchangeFacts } from './gather-exchanges.ts'
import type { MendingCommands } from './mending-commands.ts'
import { nameRegistry } from './name-registry.ts'
import { notTried } from './not-tried.ts'

/** Of one registry: what was found before its exchange. */
export interface Before {
  readonly token: Finding
  readonly clock: Finding | undefined
  readonly issuer: readonly Finding[]
}

/** The vendor's refusals that something found here explains: the vendor says only the one, pullpass both. */
const explained: Readonly<Partial<Record<ErrorCode, readonly DoctorHop[]>>> = {
  TOKEN_STALE: ['clock'],
  ISSUER_REFUSED: ['discovery'],
  ISSUER_UNREACHABLE: ['discovery', 'key'],
  SIGNATURE_REFUSED: ['signature', 'key'],
  EXCHANGE_REFUSED: ['signature'],
}

/** What `pullpass trust apply` sets right, at the vendor's. */
const ofTrust: readonly ErrorCode[] = ['PROVIDER_ABSENT', 'AUDIENCE_REFUSED', 'ISSUER_REFUSED', 'IMPERSONATION_DENIED']

/** One for each hop of the provider's exchange. */
export function judgeExchange({ demand, result }: ExchangeFacts, before: Before, commands: MendingCommands): Finding[] {
  const about = nameRegistry(demand)
  const { hops } = demand
  if (result === undefined) return hops.map((hop) => notTaken(hop, about, before))
  if (!(result instanceof PullpassError)) {
    const until = result.expiresAt.toISOString()
    return hops.map((hop) => ({ hop, about, result: 'ok', code: 'OK', seen: `granted, until ${until}` }))
  }
  const failed = judgeRefusal(result, about, { before, commands })
  const at = hops.findIndex((hop) => hop === result.hop)
  return hops.map((hop, index) => {
    if (index === Math.max(0, at)) return { ...failed, hop }
    if (index < at) return { hop, about, result: 'ok', code: 'OK', seen: 'granted' }
    return notTried(hop, about, failed)
  })
}

function notTaken(hop: 'exchange' | 'impersonation', about: string, { token }: Before): Finding {
  if (token.result === 'failed') return notTried(hop, about, token)
  const { code } = token
  return { hop, about, result: 'skipped', code, seen: 'not tried, without a token' }
}

interface Judge {
  readonly before: Before
  readonly commands: MendingCommands
}

function judgeRefusal(fault: PullpassError, about: string, { before, commands }: Judge): Finding {
  const earlier = [...(before.clock ? [before.clock] : []), ...before.issuer]
  const cause = failureOf(earlier, ...(explained[fault.code] ?? []))
  if (cause !== undefined) {
    const { seen } = fault
    return { ...notTried('exchange', about, cause), seen: `refused, because of ${cause.hop} ${cause.code}: ${seen}` }
  }
  return failedBy('exchange', about, fault, remedyOf(fault, before, commands))
}

function remedyOf(fault: PullpassError, { issuer }: Before, commands: MendingCommands): Remedy {
  if (ofTrust.includes(fault.code)) return { command: commands.pullpass('trust apply') }
  const looksRight = issuer.length > 0 && issuer.every(({ result }) => result === 'ok' || result === 'warning')
  const keys: readonly ErrorCode[] = ['ISSUER_UNREACHABLE', 'SIGNATURE_REFUSED']
  if (!keys.includes(fault.code) || !looksRight) return {}
  return {
    words: `the issuer's documents are right as this machine reads them, and the token verifies: so the provider has keys that were uploaded and have gone stale, or its cache is old (minutes), or it cannot reach the issuer; ${fault.hint ?? ''}`,
  }
}
