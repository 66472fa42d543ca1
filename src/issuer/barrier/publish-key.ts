/** Publishes what the cluster serves, the key of a token among it; in a dry run, all but the writing. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { askAnew } from '../../kubernetes/ask-anew.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { readClusterIssuer } from '../cluster/read-cluster-issuer.ts'
import type { PublishTarget } from '../documents/publish-target.ts'
import { mergeKeys } from '../keys/merge-keys.ts'
import { digestOf } from '../memory/key-memory.ts'
import { knownKeys } from '../memory/known-keys.ts'
import { mergeUnrevoked } from '../memory/merge-unrevoked.ts'
import { readMemory } from '../memory/read-memory.ts'
import { publishUnrevoked } from '../publish/publish-unrevoked.ts'
import type { ServedIssuer } from '../replicas/read-served-issuer.ts'
import type { BarrierPlace } from './barrier-place.ts'
import { isAmong } from './is-among.ts'
import { keyUnpublished } from './key-unpublished.ts'

/** Not where it was revoked, nor where no API server serves it. @throws KEY_UNPUBLISHED, whatever was in the way */
export async function publishKey(token: SubjectToken, place: BarrierPlace): Promise<void> {
  try {
    await publish(token, place)
  } catch (cause) {
    throw notPublished(token, place.target, asFault(cause))
  }
}

async function publish(token: SubjectToken, place: BarrierPlace): Promise<void> {
  const { cluster, target, issuer, memory: memoryRef, mode } = place
  const memory = await readMemory(cluster, memoryRef)
  const served = await readServed(token, cluster)
  if (memory.revocations.some(({ digest }) => digest === digestOf(token.keyId))) {
    throw keyUnpublished(token, target, { why: 'it was revoked', hint: 'let the API servers sign with another key' })
  }
  if (!isAmong(served.keys, token)) {
    throw keyUnpublished(token, target, {
      why: 'no API server that answered serves it',
      hint: 'see that its public half is among --service-account-key-file of each API server',
    })
  }
  await publishUnrevoked(target, {
    memory,
    readAgain: async () => await readMemory(cluster, memoryRef),
    publicationOf: (known) => ({
      issuer: issuer ?? served.issuer,
      own: knownKeys(served.keys, known),
      choose: (published) => mergeUnrevoked(served.keys, known, published),
      conflictPolicy: 'Refuse',
      mode,
    }),
  })
}

/** So many connections are tried to find the API server that serves the key: behind a load balancer, each may be another. */
const looks = 4

async function readServed(token: SubjectToken, cluster: Cluster): Promise<ServedIssuer> {
  let { issuer, keys } = await readClusterIssuer(cluster)
  for (let look = 1; look < looks && !isAmong(keys, token); look++) {
    keys = mergeKeys(keys, (await askAnew(cluster, readClusterIssuer)).keys)
  }
  return { issuer, keys }
}

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
