/** When a token that a vendor issued expires, by this machine's clock. */

import { type ApiResponse, UnexpectedResponse } from '../http/send.ts'
import { rfc3339 } from '../text/plain-text.ts'

const dayMs = 86_400_000

/**
 * How far this clock is ahead of theirs. A Date header counts whole seconds, and travels: up to 2 s mean nothing.
 * Anybody on the way can write that header, and it moves an expiry: no clock that keeps certificates valid and tokens
 * accepted is a day off, so a larger difference is an error, and this machine's clock is used.
 */
export function clockSkewMs({ receivedAt, serverDate }: ApiResponse): number {
  const skewMs = serverDate === undefined ? 0 : receivedAt.getTime() - serverDate.getTime()
  return Math.abs(skewMs) <= 2000 || Math.abs(skewMs) > dayMs ? 0 : skewMs
}

/** A token never lives longer than requested, whatever the response claims: otherwise it would not be renewed in time. */
export function expiryOf(claimedMs: number, longestSeconds: number, { sentAt, receivedAt }: ApiResponse): Date {
  const expiresAt = new Date(Math.min(claimedMs, sentAt.getTime() + longestSeconds * 1000))
  if (Number.isNaN(expiresAt.getTime())) throw new UnexpectedResponse('its expiry is beyond any date')
  if (expiresAt > receivedAt) return expiresAt
  throw new UnexpectedResponse(`its token has expired already, at ${rfc3339(expiresAt)}`)
}
