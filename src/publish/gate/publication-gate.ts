/**
 * Holds a token back until its key is public. Many distributions sign with a new key in the moment in which they serve it, so
 * that nobody can publish it ahead; an exchange would be refused.
 *
 *   iss, kid ─▶ public? ──yes──▶ exchange
 *                 │ no
 *                 └─▶ publish what the cluster serves ─▶ public now? ─▶ exchange, or a fault: the last good credential stays
 */
import { type DocumentIssuer, issuerMemory } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import { tryAgain } from '../../http/retry.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { type IssuerKey, parseJwks } from '../../oidc/keys.ts'
import { cacheSecondsOf, foundKeys, readPublicIssuer } from '../../oidc/public/public-issuer.ts'
import { openTarget } from '../open-target.ts'
import { safeToSignAt } from '../safe-to-sign.ts'
import { type BarrierNeeds, type BarrierPlace, isAmong, keyUnpublished, publishKey } from './publish-key.ts'

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
  const target = await openTarget(wanted.publishTo, needs.context)
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
  const { context, target, mode } = place
  await publishKey(token, place)
  if (mode === 'dry-run') return found instanceof PullpassError ? { keys: [], safeAt: undefined } : found
  context.log('info', 'the key of a token was published', { kid: token.keyId ?? '', target: target.name })
  const { keys, safeAt } = await waitUntilPublic(token, place)
  return { keys, safeAt: safeAt ?? safeToSignAt(context.now()) }
}

/** The keys that are public where a document says so, and from when on every verifier that caches them knows all of them. */
interface PublicKeys {
  readonly keys: readonly IssuerKey[]
  /** Undefined where the server does not say since when the JWKS is as it is. */
  readonly safeAt: Date | undefined
}

/** As a stranger reads them; where the store cannot be read from here, as it holds them: a cloud may read what a pod cannot. */
async function readPublicKeys({ issuer, target, context }: BarrierPlace): Promise<PublicKeys> {
  if (issuer !== undefined) {
    const { discovery, jwks } = await readPublicIssuer(context, issuer)
    const found = jwks ?? discovery
    if (found.kind === 'answered') {
      const { lastModifiedAt, cacheControl } = found
      const safeAt = lastModifiedAt && safeToSignAt(lastModifiedAt, cacheSecondsOf(cacheControl))
      return { keys: foundKeys(jwks) ?? [], safeAt }
    }
    context.log('warn', "the issuer's documents cannot be read from here as a stranger", { seen: found.fault.seen })
  }
  const stored = await target.read('jwks')
  return { keys: stored === undefined ? [] : (parseJwks(stored.text) ?? []), safeAt: undefined }
}

// Reads what was just published as strangers do, until the key of a token is there; a cache may serve the keys before for a while.

/** Some 6 s of waiting: a run has others to serve, and the next one finds the key. */
const attempts = 5

/** What is public then. @throws KEY_UNPUBLISHED */
async function waitUntilPublic(token: SubjectToken, place: BarrierPlace): Promise<PublicKeys> {
  const read = async () => {
    const found = await readPublicKeys(place)
    if (isAmong(found.keys, token)) return found
    throw keyUnpublished(token, place.target, {
      why: 'it was written, but strangers do not read it yet; a cache may serve the keys before for some minutes',
      hint: 'nothing to do if it passes: the next run exchanges it; else see what strangers read: pullpass issuer check URL',
    })
  }
  const mayPass = ({ code }: { readonly code: string }) => code === 'KEY_UNPUBLISHED'
  return await tryAgain(read, { attempts, mayPass }, place.context)
}
