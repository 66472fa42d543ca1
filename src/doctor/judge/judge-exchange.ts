/** Whether the vendor took the token, and what stands behind its refusal: pure. */
import type { ErrorCode } from '../../errors/codes.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { failedBy } from '../failed-by.ts'
import { type DoctorHop, type Finding, failureOf, type Remedy } from '../finding.ts'
import type { ExchangeFacts } from '../gather/gather-exchanges.ts'
import { notTried } from '../not-tried.ts'
import { nameRegistry } from './name-registry.ts'

/** Of one registry: what was found before its exchange. */
export interface Before {
  readonly token: Finding
  readonly clock: Finding | undefined
  /** Whether a refresh lets it through; undefined where the document names no publication. */
  readonly publish: Finding | undefined
  readonly issuer: readonly Finding[]
}

/** The vendor's refusals that something found here explains: the vendor says only the one, pullpass both. */
const explained: Readonly<Partial<Record<ErrorCode, readonly DoctorHop[]>>> = {
  TOKEN_STALE: ['clock'],
  ISSUER_REFUSED: ['subject-token', 'discovery'],
  ISSUER_UNREACHABLE: ['discovery', 'key'],
  SIGNATURE_INVALID: ['signature', 'key'],
  EXCHANGE_REFUSED: ['signature'],
}

/** What lies in what the vendor was told, and so is looked up there. */
export const ofTrust: readonly ErrorCode[] = [
  'PROVIDER_NOT_FOUND',
  'AUDIENCE_REFUSED',
  'ISSUER_REFUSED',
  'CONDITION_REFUSED',
  'ISSUER_UNREACHABLE',
  'SIGNATURE_INVALID',
  'IMPERSONATION_DENIED',
]

/** One for each hop of the provider's exchange. */
export function judgeExchange({ demand, result }: ExchangeFacts, before: Before, remedyOf: TrustRemedy): Finding[] {
  const about = nameRegistry(demand)
  const { hops } = demand
  if (result === undefined) return hops.map((hop) => notTaken(hop, about, before))
  if (!(result instanceof PullpassError)) {
    const until = result.expiresAt.toISOString()
    return hops.map((hop) => ({ hop, about, result: 'ok', code: 'OK', seen: `granted, until ${until}` }))
  }
  const failed = judgeRefusal(result, about, { before, remedyOf })
  const at = hops.map(String).indexOf(result.hop)
  return hops.map((hop, index) => {
    if (index === Math.max(0, at)) return { ...failed, hop }
    if (index < at) return { hop, about, result: 'ok', code: 'OK', seen: 'granted' }
    return failed.result === 'failed' ? notTried(hop, about, failed) : { ...failed, hop }
  })
}

function notTaken(hop: DoctorHop, about: string, { token, publish }: Before): Finding {
  if (token.result === 'failed') return notTried(hop, about, token)
  if (token.result === 'ok' && publish !== undefined) return notTried(hop, about, publish)
  const { code } = token
  const because = { hop: token.hop, code }
  return { hop, about, result: 'skipped', code, seen: 'not tried, without a token', because }
}

/** By what was read at the vendor, or else in the vendor's own words. `image`: that the registry refused. */
export type TrustRemedy = (fault: Pick<PullpassError, 'code' | 'hint'>, image?: string) => Remedy

interface Judge {
  readonly before: Before
  readonly remedyOf: TrustRemedy
}

function judgeRefusal(fault: PullpassError, about: string, { before, remedyOf }: Judge): Finding {
  const earlier = [...(before.clock ? [before.clock] : []), ...before.issuer]
  const cause = failureOf(earlier, ...(explained[fault.code] ?? []))
  if (cause !== undefined) {
    const { seen } = fault
    return { ...notTried('exchange', about, cause), seen: `refused, because of ${cause.hop} ${cause.code}: ${seen}` }
  }
  return failedBy('exchange', about, fault, ofTrust.includes(fault.code) ? remedyOf(fault) : {})
}
