/**
 * The publication gate: holds an exchange back until the token has the published issuer and its key is published. Many
 * distributions sign with a new key as soon as they serve it, so that it cannot be published earlier; the exchange would be refused.
 *
 *   iss ─▶ the published issuer? ──no──▶ request another token
 *   kid ─▶ published? ──yes──▶ exchange
 *            │ no
 *            └─▶ publish the served keys ─▶ published now? ─▶ exchange, or an error: the last good credential stays
 */
import { type DocumentIssuer, defaultKeyStateRef } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import { retry } from '../../http/retry.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { type IssuerKey, parseJwks } from '../../oidc/keys.ts'
import { cacheSecondsOf, foundKeys, readPublicIssuer } from '../../oidc/public/public-issuer.ts'
import { shellOperand } from '../../text/shell.ts'
import { openTarget } from '../open-target.ts'
import { safeToSignAt } from '../safe-to-sign.ts'
import { type GatedPublication, type GateNeeds, isAmong, keyUnpublished, publishKey } from './publish-key.ts'

interface PublicKey {
  /** Until then verifiers may have a copy of the JWKS without this key; undefined if it is not known. */
  readonly safeAt: Date | undefined
}

interface GatedToken {
  /** Where the document states that its issuer metadata is published. */
  readonly issuer: DocumentIssuer
  /** Where the token was read; undefined if it was requested from the cluster. */
  readonly tokenFile: string | undefined
  /** Requests another one, perhaps from another API server; absent if it was read from a file. */
  readonly requestAgain?: (() => Promise<SubjectToken>) | undefined
}

interface AdmittedToken {
  /** Another than the given one if that had another issuer. */
  readonly token: SubjectToken
  /** An error in a dry run only: the key is not published, and could be. */
  readonly key: PublicKey | PullpassError
}

/**
 * Each publication is opened once, however many documents name it. The gate throws TOKEN_ISSUER_MISMATCH, KEY_UNPUBLISHED, and what
 * reading the target throws.
 */
export function createPublicationGate(
  needs: GateNeeds,
): (token: SubjectToken, gated: GatedToken) => Promise<AdmittedToken> {
  const publications = new Map<string, Promise<Publication>>()
  return async (token, gated) => {
    const { publishTo, url, keyStateRef } = gated.issuer
    const name = JSON.stringify([publishTo, url, keyStateRef])
    const opening = publications.get(name) ?? openPublication(gated.issuer, needs)
    publications.set(name, opening)
    const { issuer, awaitKey } = await opening
    const fitting = await fitIssuer(token, issuer, gated)
    return { token: fitting, key: await awaitKey(fitting) }
  }
}

interface Publication {
  /** Undefined if the target holds keys only: then it is not compared. */
  readonly issuer: string | undefined
  readonly awaitKey: (token: SubjectToken) => Promise<PublicKey | PullpassError>
}

async function openPublication(named: DocumentIssuer, needs: GateNeeds): Promise<Publication> {
  const target = await openTarget(named.publishTo, needs.context)
  const issuer = named.url ?? target.publicUrl
  const publication = { ...needs, target, issuer, keyStateRef: named.keyStateRef ?? defaultKeyStateRef }
  let known: Promise<PublicKeys | PullpassError> | undefined
  return {
    issuer,
    // One after another: the tokens of several registries are signed by one key, which is published once.
    async awaitKey(token) {
      const before = known ?? readPublicKeys(publication).catch(asFault)
      known = before.then(async (found) => await makePublic(token, found, publication).catch(asFault))
      const after = await known
      if (after instanceof PullpassError) throw after
      return isAmong(after.keys, token) ? { safeAt: after.safeAt } : keyUnpublished(token, target, dryRun)
    },
  }
}

/** During a roll-out to another issuer, each connection may lead to an API server that signs as the old or the new one. */
const tokenRequests = 5

async function fitIssuer(
  token: SubjectToken,
  issuer: string | undefined,
  { tokenFile, requestAgain }: GatedToken,
): Promise<SubjectToken> {
  if (issuer === undefined || token.issuer === issuer) return token
  if (requestAgain === undefined) throw wrongIssuer(token, issuer, tokenFile)
  for (let request = 2; request <= tokenRequests; request++) {
    const other = await requestAgain()
    if (other.issuer === issuer) return other
  }
  throw wrongIssuer(token, issuer, tokenFile)
}

const wrongIssuer = (token: SubjectToken, issuer: string, tokenFile: string | undefined) =>
  new PullpassError({
    code: 'TOKEN_ISSUER_MISMATCH',
    hop: 'subject-token',
    seen: `${tokenFile ?? `each of ${tokenRequests} tokens from the cluster`} carries issuer ${token.issuer}`,
    expected: `${issuer}, which the document states as its issuer`,
    hint:
      tokenFile === undefined
        ? `during a roll-out this resolves itself; otherwise configure the API servers with this issuer: pullpass issuer show --to-issuer ${shellOperand(issuer, 'ISSUER')}`
        : 'the kubelet renews a projected token at 80 % of its lifetime: recreate the Pod; otherwise set spec.issuer.url to the intended issuer',
    details: { issuer },
    retryable: true,
  })

const dryRun = { why: 'a dry run publishes nothing', hint: 'run it without --dry-run' }

/** Keys that are public, this token's among them; in a dry run those that were, once it is known that it could be. */
async function makePublic(
  token: SubjectToken,
  found: PublicKeys | PullpassError,
  publication: GatedPublication,
): Promise<PublicKeys> {
  if (!(found instanceof PullpassError) && isAmong(found.keys, token)) return found
  const { context, target, mode } = publication
  await publishKey(token, publication)
  if (mode === 'dry-run') return found instanceof PullpassError ? { keys: [], safeAt: undefined } : found
  context.log('info', 'the key of a token was published', { kid: token.keyId ?? '', target: target.name })
  const { keys, safeAt } = await waitUntilPublic(token, publication)
  return { keys, safeAt: safeAt ?? safeToSignAt(context.now()) }
}

/** The keys that are public, and from when on every verifier that caches them knows all of them. */
interface PublicKeys {
  readonly keys: readonly IssuerKey[]
  /** Undefined where the server does not state when the JWKS was last modified. */
  readonly safeAt: Date | undefined
}

/** As an anonymous client reads them; if that is not possible from here, as the target stores them: a cloud may read what a pod cannot. */
async function readPublicKeys({ issuer, target, context }: GatedPublication): Promise<PublicKeys> {
  if (issuer !== undefined) {
    const { discovery, jwks } = await readPublicIssuer(context, issuer)
    const found = jwks ?? discovery
    if (found.kind === 'response') {
      const { lastModifiedAt, cacheControl } = found
      const safeAt = lastModifiedAt && safeToSignAt(lastModifiedAt, cacheSecondsOf(cacheControl))
      return { keys: foundKeys(jwks) ?? [], safeAt }
    }
    context.log('warn', "the issuer's metadata cannot be read anonymously from here", { seen: found.fault.seen })
  }
  const stored = await target.read('jwks')
  return { keys: stored === undefined ? [] : (parseJwks(stored.text) ?? []), safeAt: undefined }
}

// Reads what was just published as anonymous clients do, until it has the token's key; a cache may serve the earlier keys for a while.

/** Some 6 s of waiting: a run has others to serve, and the next one finds the key. */
const attempts = 5

/** What is public then. @throws KEY_UNPUBLISHED */
async function waitUntilPublic(token: SubjectToken, publication: GatedPublication): Promise<PublicKeys> {
  const read = async () => {
    const found = await readPublicKeys(publication)
    if (isAmong(found.keys, token)) return found
    throw keyUnpublished(token, publication.target, {
      why: 'it was written, but anonymous clients do not read it yet; a cache may serve the earlier keys for some minutes',
      hint: 'no action if it passes, the next run exchanges it; otherwise check what anonymous clients read',
      command: `pullpass issuer check ${shellOperand(token.issuer, 'ISSUER')}`,
    })
  }
  const isRetryable = ({ code }: { readonly code: string }) => code === 'KEY_UNPUBLISHED'
  return await retry(read, { attempts, isRetryable }, publication.context)
}
