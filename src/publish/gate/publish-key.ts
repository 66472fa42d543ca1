/** Publishes what the cluster serves, the key of a token among it; in a dry run, all but the writing. */
import type { NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { withNewConnection } from '../../kubernetes/objects/request-token.ts'
import { readClusterIssuer } from '../../oidc/cluster/cluster-issuer.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { type IssuerKey, mergeKeys } from '../../oidc/keys.ts'
import { quote } from '../../text/plain-text.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import { digestOf, readKeyState } from '../key-state.ts'
import { publishServed } from '../publish.ts'
import type { ServedIssuer } from '../served-issuer.ts'

/** Not where it was revoked, nor where no API server serves it. @throws KEY_UNPUBLISHED, whatever was in the way */
export async function publishKey(token: SubjectToken, publication: GatedPublication): Promise<void> {
  try {
    await publish(token, publication)
  } catch (cause) {
    throw notPublished(token, publication.target, asFault(cause))
  }
}

async function publish(
  token: SubjectToken,
  { cluster, target, issuer, keyStateRef, mode }: GatedPublication,
): Promise<void> {
  const keyState = await readKeyState(cluster, keyStateRef)
  const served = await readServed(token, cluster)
  if (keyState.revocations.some(({ digest }) => digest === digestOf(token.keyId))) {
    throw keyUnpublished(token, target, {
      why: 'it was revoked',
      hint: 'configure the API servers to sign with another key',
    })
  }
  if (!isAmong(served.keys, token)) {
    throw keyUnpublished(token, target, {
      why: 'no API server that responded serves it',
      hint: 'check that its public key is in --service-account-key-file of each API server',
    })
  }
  const publication = { issuer: issuer ?? served.issuer, served: served.keys, conflictPolicy: 'Refuse', mode } as const
  await publishServed(target, publication, keyState, async () => await readKeyState(cluster, keyStateRef))
}

/** So many connections are tried to find the API server that serves the key: behind a load balancer, each may be another. */
const maxAttempts = 4

async function readServed(token: SubjectToken, cluster: Cluster): Promise<ServedIssuer> {
  let { issuer, keys } = await readClusterIssuer(cluster)
  for (let attempt = 1; attempt < maxAttempts && !isAmong(keys, token); attempt++) {
    keys = mergeKeys(keys, (await withNewConnection(cluster, readClusterIssuer)).keys)
  }
  return { issuer, keys }
}

function notPublished(token: SubjectToken, target: PublishTarget, cause: PullpassError): PullpassError {
  if (cause.code === 'KEY_UNPUBLISHED' || cause.code === 'INTERRUPTED' || cause.code === 'TIMED_OUT') return cause
  const { code, hop, seen, hint, command, retryable } = cause
  return new PullpassError({
    code: 'KEY_UNPUBLISHED',
    hop: hop === 'discovery' ? hop : 'publish',
    seen: `the token is signed by key ${quote(token.keyId ?? '')}, which is not public at ${target.name}, and could not be published: ${code}: ${seen}`,
    expected: 'a key that clouds can read, before the token is exchanged',
    hint,
    command,
    retryable,
    cause,
  })
}

/** What the gate reads and publishes with. */
export interface GateNeeds {
  readonly cluster: Cluster
  readonly context: VendorContext
  /** A dry run publishes nothing; it checks whether the key could be published. */
  readonly mode: 'write' | 'dry-run'
}

export interface GatedPublication extends GateNeeds {
  readonly target: PublishTarget
  /** Undefined where only the vendor stores the keys. */
  readonly issuer: string | undefined
  readonly keyStateRef: NamespacedName
}

/** Whether one of these keys is the one that a token names. */
export const isAmong = (keys: readonly IssuerKey[], { keyId: signing }: SubjectToken): boolean =>
  signing !== undefined && keys.some(({ keyId }) => keyId === signing)

// That a token has to wait, since its key is not public.

/** `why` follows "is not public at TARGET:". */
export const keyUnpublished = (
  token: SubjectToken,
  target: Pick<PublishTarget, 'name'>,
  { why, ...fix }: { readonly why: string; readonly hint: string; readonly command?: string },
): PullpassError =>
  new PullpassError({
    code: 'KEY_UNPUBLISHED',
    hop: 'publish',
    seen: `the token is signed by key ${quote(token.keyId ?? '')}, which is not public at ${target.name}: ${why}`,
    expected: 'a key that clouds can read, before the token is exchanged',
    ...fix,
    retryable: true,
  })
