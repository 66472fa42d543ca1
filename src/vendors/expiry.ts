/** The expiry of a token that a vendor issued, by this machine's clock. */

import { type ApiResponse, UnexpectedResponse } from '../http/send.ts'
import type { JsonObject } from '../text/json-fields.ts'
import { rfc3339 } from '../text/time.ts'

const dayMs = 86_400_000

/**
 * How far this clock is ahead of the server's. The Date header has whole seconds and network delay, so up to 2 s are ignored. An
 * intermediary can change it, which would move the expiry: with a difference of more than a day, certificates and tokens would
 * not be valid, so it is ignored as well.
 */
export function clockSkewMs({ receivedAt, serverDate }: ApiResponse): number {
  const skewMs = serverDate === undefined ? 0 : receivedAt.getTime() - serverDate.getTime()
  return Math.abs(skewMs) <= 2000 || Math.abs(skewMs) > dayMs ? 0 : skewMs
}

/**
 * An instant of the server's clock, by this machine's. A Date header that is set back by an intermediary would move it later, and
 * extend the life of the credential: that is limited by `statedSeconds`, the lifetime that the request or the response states, from
 * the time of the request. Where it is undefined, the header moves the instant only to an earlier time.
 */
export function localExpiryMs(instantMs: number, statedSeconds: number | undefined, response: ApiResponse): number {
  const skewMs = clockSkewMs(response)
  if (skewMs <= 0) return instantMs + skewMs
  if (statedSeconds === undefined) return instantMs
  return Math.min(instantMs + skewMs, response.sentAt.getTime() + statedSeconds * 1000)
}

/** Verifiers of JWTs accept clocks that differ by some minutes. */
const jwtToleranceMs = 300_000

/**
 * `exp` of a JWT, by this machine's clock. Verifiers accept the JWT until then, so that a Date header moves it later by at
 * most five minutes, and only for a JWT that was issued at that Date: an intermediary can choose any. RFC 7519 §4.1
 */
export function jwtExpiryMs({ exp, iat }: JwtTimes, response: ApiResponse): number {
  const skewMs = clockSkewMs(response)
  const { sentAt, serverDate } = response
  if (skewMs <= 0) return exp * 1000 + skewMs
  const ageMs = serverDate === undefined || iat === undefined ? Number.NaN : serverDate.getTime() - iat * 1000
  if (iat === undefined || !(Math.abs(ageMs) <= jwtToleranceMs)) return exp * 1000
  return Math.min(exp * 1000 + Math.min(skewMs, jwtToleranceMs), sentAt.getTime() + (exp - iat) * 1000)
}

/** Seconds since 1970. */
export interface JwtTimes {
  readonly exp: number
  /** Before `exp`. */
  readonly iat: number | undefined
}

/** undefined if there is no `exp`. `name`: of the token in the response. */
export function jwtTimes({ exp, iat }: JsonObject, name: string): JwtTimes | undefined {
  if (exp === undefined) return undefined
  if (typeof exp !== 'number' || !Number.isFinite(exp))
    throw new UnexpectedResponse(`exp of its ${name} is not a number`)
  return { exp, iat: typeof iat === 'number' && iat > 0 && iat < exp ? iat : undefined }
}

/** Never later than requested, whatever the response contains: otherwise the token would not be renewed in time. */
export function expiryOf(claimedMs: number, longestSeconds: number, { sentAt, receivedAt }: ApiResponse): Date {
  const expiresAt = new Date(Math.min(claimedMs, sentAt.getTime() + longestSeconds * 1000))
  if (Number.isNaN(expiresAt.getTime())) throw new UnexpectedResponse('its expiry is not a valid date')
  if (expiresAt > receivedAt) return expiresAt
  throw new UnexpectedResponse(`its token is already expired, since ${rfc3339(expiresAt)}`)
}
