/** What is wrong with what strangers read, in words of an alarm. */
import { shellQuote } from '../../outside/shell-quote.ts'
import type { Confirmation } from '../publish/confirm-publication.ts'
import type { Alarm } from './alarm.ts'

/** One cause, one alarm. While a cache serves the keys before, a token of a new one cannot verify. */
export function confirmationAlarms(confirmations: readonly Confirmation[], issuer: string): Alarm[] {
  const isCached = confirmations.some(({ check, state }) => check !== 'token' && state === 'pending')
  return confirmations
    .filter(
      ({ check, state, because }) => state === 'failed' && because === undefined && !(check === 'token' && isCached),
    )
    .map(({ check, says, fix = `pullpass issuer check ${shellQuote(issuer)}` }) => ({
      reason: 'PublicWrong',
      subject: check,
      says: `${says}; fix: ${fix}`,
    }))
}
