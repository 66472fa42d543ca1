/** The codes, by hop, of an answer that says nothing pullpass knows: a passing fault, and one that stays. */
import type { ErrorCode } from './error-codes.ts'
import type { Hop } from './pullpass-error.ts'

interface UnspecificCodes {
  readonly unavailable: ErrorCode
  readonly refused: ErrorCode
}

const exchange: UnspecificCodes = { unavailable: 'EXCHANGE_UNAVAILABLE', refused: 'EXCHANGE_REFUSED' }
const byHop: Readonly<Partial<Record<Hop, UnspecificCodes>>> = {
  trust: { unavailable: 'TRUST_UNAVAILABLE', refused: 'TRUST_REFUSED' },
  publish: { unavailable: 'PUBLISH_UNAVAILABLE', refused: 'PUBLISH_REFUSED' },
  discovery: { unavailable: 'DISCOVERY_UNAVAILABLE', refused: 'DISCOVERY_UNAVAILABLE' },
}

export const unspecificCodes = (hop: Hop): UnspecificCodes => byHop[hop] ?? exchange
