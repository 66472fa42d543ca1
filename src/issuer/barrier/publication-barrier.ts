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
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { askAnew } from '../../kubernetes/ask-anew.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asFault } from '../../outside/as-fault.ts'
import type { Outside } from '../../outside/outside.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { readClusterIssuer } from '../cluster/read-cluster-issuer.ts'
import type { PublishTarget } from '../documents/publish-target.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { mergeKeys } from '../keys/merge-keys.ts'
import { parseJwks } from '../keys/parse-jwks.ts'
import { digestOf, type KeyMemory } from '../memory/key-memory.ts'
import { knownKeys } from '../memory/known-keys.ts'
import { mergeUnrevoked } from '../memory/merge-unrevoked.ts'
import { readMemory } from '../memory/read-memory.ts'
import { foundKeys } from '../public/found-keys.ts'
import { readPublicIssuer } from '../public/read-public-issuer.ts'
import { openTarget } from '../publish/open-target.ts'
import { publishDocuments } from '../publish/publish-documents.ts'

export interface BarrierNeeds {
  readonly cluster: Cluster
  readonly outside: Outside
  /** In a dry run nothing is published. */
  readonly mode: 'write' | 'dry-run'
}

export interface PublicationBarrier {
  /** Undefined where a provider at a cloud holds the keys alone: then it is not compared. */
  readonly issuer: string | undefined
  /** @throws KEY_UNPUBLISHED, and what opening and reading the target throw */
  awaitKey(token: SubjectToken): Promise<void>
}

interface Publication extends BarrierNeeds {
  readonly target: PublishTarget
  readonly issuer: string | undefined
  readonly memory: NamespacedName
}

export async function openBarrier(wanted: DocumentIssuer, needs: BarrierNeeds): Promise<PublicationBarrier> {
  const target = await openTarget(wanted.publishTo, needs.outside)
  const issuer = wanted.url ?? target.issuerUrl
  const publication = { ...needs, target, issuer, memory: wanted.memoryRef ?? issuerMemory }
  let known: Promise<readonly IssuerKey[] | PullpassError> | undefined
  return {
    issuer,
    // One after another: several registries' tokens are signed by one key, which is published once.
    async awaitKey(token) {
      const before = known ?? readPublicKeys(publication).catch(asFault)
      known = before.then(async (keys) => await makePublic(token, keys, publication).catch(asFault))
      const after = await known
      if (after instanceof PullpassError) throw after
    },
  }
}

/** Keys that are public, this token's among them. */
async function makePublic(
  token: SubjectToken,
  keys: readonly IssuerKey[] | PullpassError,
  publication: Publication,
): Promise<readonly IssuerKey[]> {
  const isAmong = (some: readonly IssuerKey[]) => some.some(({ keyId }) => keyId !== undefined && keyId === token.keyId)
  if (!(keys instanceof PullpassError) && isAmong(keys)) return keys
  const { outside, target, mode } = publication
  if (mode === 'dry-run') throw unpublished(token, target, 'a dry run publishes nothing', 'run it without --dry-run')
  await publish(token, publication).catch((cause: unknown) => {
    throw notPublished(token, target, asFault(cause))
  })
  outside.log('info', 'the key of a token was published', { kid: token.keyId ?? '', target: target.name })
  for (const delayMs of [0, 500, 1_000, 2_000, 4_000]) {
    if (delayMs > 0) await outside.sleep(delayMs, outside.signal)
    const found = await readPublicKeys(publication)
    if (isAmong(found)) return found
  }
  throw unpublished(
    token,
    target,
    'it was written, but strangers do not read it yet; a cache may serve the keys before for some minutes',
    'nothing to do if it passes: the next run exchanges it; else see what strangers read: pullpass issuer check URL',
  )
}

/** As a stranger reads them; where the store cannot be read from here, as it holds them: a cloud may read what a pod cannot. */
async function readPublicKeys({ issuer, target, outside }: Publication): Promise<readonly IssuerKey[]> {
  if (issuer !== undefined) {
    const { discovery, jwks } = await readPublicIssuer(outside, issuer)
    const found = jwks ?? discovery
    if (found.kind === 'answered') return foundKeys(jwks) ?? []
    outside.log('warn', "the issuer's documents cannot be read from here as a stranger", { seen: found.fault.seen })
  }
  const stored = await target.read('jwks')
  return stored === undefined ? [] : (parseJwks(stored.text) ?? [])
}

/** So many connections are tried to find the API server that serves the key: behind a load balancer, each may be another. */
const looks = 4

async function publish(token: SubjectToken, publication: Publication): Promise<void> {
  const { cluster, target, issuer } = publication
  const memory = await readMemory(cluster, publication.memory)
  const served = await readServed(token, publication)
  if (isRevokedId(memory, token.keyId)) {
    throw unpublished(token, target, 'it was revoked', 'let the API servers sign with another key')
  }
  if (!served.keys.some(({ keyId }) => keyId === token.keyId)) {
    throw unpublished(
      token,
      target,
      'no API server that answered serves it',
      'see that its public half is among --service-account-key-file of each API server',
    )
  }
  await publishDocuments(target, {
    issuer: issuer ?? served.issuer,
    own: knownKeys(served.keys, memory),
    choose: (published) => mergeUnrevoked(served.keys, memory, published),
    conflictPolicy: 'Refuse',
    mode: 'write',
  })
}

const isRevokedId = ({ revocations }: KeyMemory, keyId: string | undefined): boolean =>
  revocations.some(({ digest }) => digest === digestOf(keyId))

async function readServed(
  token: SubjectToken,
  { cluster }: Publication,
): Promise<{ issuer: string; keys: IssuerKey[] }> {
  let { issuer, keys } = await readClusterIssuer(cluster)
  for (let look = 1; look < looks && !keys.some(({ keyId }) => keyId === token.keyId); look++) {
    keys = mergeKeys(keys, (await askAnew(cluster, readClusterIssuer)).keys)
  }
  return { issuer, keys: [...keys] }
}

const unpublished = (token: SubjectToken, target: PublishTarget, why: string, hint: string) =>
  new PullpassError({
    code: 'KEY_UNPUBLISHED',
    hop: 'publish',
    seen: `the token is signed by key ${quote(token.keyId ?? '')}, which is not public at ${target.name}: ${why}`,
    expected: 'a key that clouds can read, before the token is exchanged',
    hint,
    retryable: true,
  })

function notPublished(token: SubjectToken, target: PublishTarget, cause: PullpassError): PullpassError {
  if (cause.code === 'KEY_UNPUBLISHED' || cause.code === 'INTERRUPTED' || cause.code === 'TIMED_OUT') return cause
  const { code, hop, seen, hint, retryable } = cause
  return new PullpassError({
    code: 'KEY_UNPUBLISHED',
    hop: hop === 'discovery' ? hop : 'publish',
    seen: `the token is signed by key ${quote(token.keyId ?? '')}, which is not public at ${target.name}, and could not be published: ${code}: ${seen}`,
    expected: 'a key that clouds can read, before the token is exchanged',
    hint,
    retryable,
    cause,
  })
}
