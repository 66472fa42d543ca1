/** The expiry of a token that a vendor issued, by this machine's clock. */

import { type ApiResponse, UnexpectedResponse } from '../http/send.ts'
import { rfc3339 } from '../text/plain-text.ts'

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

/** Never later than requested, whatever the response contains: otherwise the token would not be renewed in time. */
export function expiryOf(claimedMs: number, longestSeconds: number, { sentAt, receivedAt }: ApiResponse): Date {
  const expiresAt = new Date(Math.min(claimedMs, sentAt.getTime() + longestSeconds * 1000))
  if (Number.isNaN(expiresAt.getTime())) throw new UnexpectedResponse('its expiry is not a valid date')
  if (expiresAt > receivedAt) return expiresAt
  throw new UnexpectedResponse(`its token is already expired, since ${rfc3339(expiresAt)}`)
}
