/** Reads what was just published as strangers do, until the key of a token is there; a cache may serve the keys before for a while. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { tryAgain } from '../../outside/try-again.ts'
import type { BarrierPlace } from './barrier-place.ts'
import { isAmong } from './is-among.ts'
import { keyUnpublished } from './key-unpublished.ts'
import { type PublicKeys, readPublicKeys } from './read-public-keys.ts'

/** Some 6 s of waiting: a run has others to serve, and the next one finds the key. */
const attempts = 5

/** What is public then. @throws KEY_UNPUBLISHED */
export async function waitUntilPublic(token: SubjectToken, place: BarrierPlace): Promise<PublicKeys> {
  const read = async () => {
    const found = await readPublicKeys(place)
    if (isAmong(found.keys, token)) return found
    throw keyUnpublished(token, place.target, {
      why: 'it was written, but strangers do not read it yet; a cache may serve the keys before for some minutes',
      hint: 'nothing to do if it passes: the next run exchanges it; else see what strangers read: pullpass issuer check URL',
    })
  }
  const mayPass = ({ code }: { readonly code: string }) => code === 'KEY_UNPUBLISHED'
  return await tryAgain(read, { attempts, mayPass }, place.outside)
}
