/** Reads back what was published as a stranger does: what only this run's own authorities vouch for is not read by anybody. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { shellQuote } from '../../outside/shell-quote.ts'
import type { PublicOutside } from '../public/public-outside.ts'
import { whyUntrusted } from '../public/why-untrusted.ts'
import { type Confirmation, confirmPublication, type Place } from './confirm-publication.ts'
import type { PublishOutcome } from './publish-documents.ts'

/** `token`: fresh from the cluster, or why there is none. */
export async function readBack(
  outside: PublicOutside,
  place: Place,
  outcome: PublishOutcome,
  token: SubjectToken | string,
): Promise<Confirmation[]> {
  const confirmations = await confirmPublication(outside, place, outcome, token)
  return await Promise.all(
    confirmations.map(async (confirmation) => {
      const { url } = confirmation
      const why = url === undefined ? undefined : await whyUntrusted(outside, url)
      return why === undefined ? confirmation : onlyHere(confirmation, why, place.issuer)
    }),
  )
}

const onlyHere = (confirmation: Confirmation, why: string, issuer: string): Confirmation => ({
  ...confirmation,
  says: `read at ${confirmation.url} by this run’s own authorities: no public one vouches for its certificate (${why})`,
  fix: `see which clouds mind that certificate: pullpass issuer check ${shellQuote(issuer)}`,
})
