/**
 * Holds a token back until its key is public. Many distributions sign with a new key in the moment in which they serve it, so
 * that nobody can publish it ahead; an exchange would be refused.
 *
 *   iss, kid ─▶ public? ──yes──▶ exchange
 *                 │ no
 *                 └─▶ publish what the cluster serves ─▶ public now? ─▶ exchange, or a fault: the last good credential stays
 */
import type { DocumentIssuer } from '../../document/document.ts'
import { issuerMemory } from '../../document/issuer-memory.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { safeToSignAt } from '../documents/safe-to-sign.ts'
import { openTarget } from '../publish/open-target.ts'
import type { BarrierNeeds, BarrierPlace } from './barrier-place.ts'
import { isAmong } from './is-among.ts'
import { keyUnpublished } from './key-unpublished.ts'
import { publishKey } from './publish-key.ts'
import { type PublicKeys, readPublicKeys } from './read-public-keys.ts'
import { waitUntilPublic } from './wait-until-public.ts'

export interface PublicKey {
  /** Until then verifiers may have a copy of the JWKS without this key; undefined where it is not known. */
  readonly safeAt: Date | undefined
}

export interface PublicationBarrier {
  /** Undefined where a provider at a cloud holds the keys alone: then it is not compared. */
  readonly issuer: string | undefined
  /**
   * That it is public; in a dry run, where it could be published, the fault that it is not. @throws KEY_UNPUBLISHED, and what reading
   * the target throws
   */
  awaitKey(token: SubjectToken): Promise<PublicKey | PullpassError>
}

export async function openBarrier(wanted: DocumentIssuer, needs: BarrierNeeds): Promise<PublicationBarrier> {
  const target = await openTarget(wanted.publishTo, needs.outside)
  const issuer = wanted.url ?? target.issuerUrl
  const place = { ...needs, target, issuer, memory: wanted.memoryRef ?? issuerMemory }
  let known: Promise<PublicKeys | PullpassError> | undefined
  return {
    issuer,
    // One after another: several registries' tokens are signed by one key, which is published once.
    async awaitKey(token) {
      const before = known ?? readPublicKeys(place).catch(asFault)
      known = before.then(async (found) => await makePublic(token, found, place).catch(asFault))
      const after = await known
      if (after instanceof PullpassError) throw after
      return isAmong(after.keys, token) ? { safeAt: after.safeAt } : keyUnpublished(token, target, rehearsed)
    },
  }
}

const rehearsed = { why: 'a dry run publishes nothing', hint: 'run it without --dry-run' }

/** Keys that are public, this token's among them; in a dry run those that were, once it is known that it could be. */
async function makePublic(
  token: SubjectToken,
  found: PublicKeys | PullpassError,
  place: BarrierPlace,
): Promise<PublicKeys> {
  if (!(found instanceof PullpassError) && isAmong(found.keys, token)) return found
  const { outside, target, mode } = place
  await publishKey(token, place)
  if (mode === 'dry-run') return found instanceof PullpassError ? { keys: [], safeAt: undefined } : found
  outside.log('info', 'the key of a token was published', { kid: token.keyId ?? '', target: target.name })
  const { keys, safeAt } = await waitUntilPublic(token, place)
  return { keys, safeAt: safeAt ?? safeToSignAt(outside.now()) }
}
