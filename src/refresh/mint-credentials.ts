/** Performs the exchange requests concurrently: one exchange for each identity and registry, not for each namespace. */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { asFault, fixOf, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readSourceSecret } from '../kubernetes/objects/source-secret.ts'
import { quote } from '../text/plain-text.ts'
import { rfc3339 } from '../text/time.ts'
import type { ExchangeContext } from '../vendors/vendor.ts'
import type { ExchangeRequest } from './exchange-requests.ts'
import {
  type GatedToken,
  gatedToken,
  readSubjectToken,
  type SharedTokenRequests,
  shareTokenFiles,
  shareTokenRequests,
  type TokenSource,
  tokenFileOf,
} from './subject-tokens.ts'

/** By fingerprint: a credential, or why there is none. */
export type Minted = ReadonlyMap<string, RegistryCredential | PullpassError>

/**
 * Holds a token back until its key is published. Another token comes back if the given one has another issuer than the published
 * one; until `safeAt` verifiers may have a copy of the keys without its own.
 */
export type PublicationGate = (
  token: SubjectToken,
  gated: GatedToken,
) => Promise<{
  readonly token: SubjectToken
  /** Why the key is not published. */
  readonly key: { readonly safeAt: Date | undefined } | PullpassError
}>

export interface MintSource extends TokenSource {
  /** Called at most once, if a document states where its issuer metadata is published. */
  readonly openGate: (cluster: Cluster) => Promise<PublicationGate>
}

/** An exchange request that fails does not affect the others. */
export async function mintCredentials(
  exchangeRequests: readonly ExchangeRequest[],
  source: MintSource,
  cluster: Cluster,
  context: Context,
): Promise<Minted> {
  let gate: Promise<PublicationGate> | undefined
  const sources: Sources = {
    source,
    requestToken: shareTokenRequests(cluster),
    readFile: shareTokenFiles(),
    cluster,
    async openGate() {
      gate ??= source.openGate(cluster)
      return await gate
    },
  }
  const minted = exchangeRequests.map(async (exchangeRequest) => {
    const result = await mint(exchangeRequest, sources, context).catch(asFault)
    return [exchangeRequest.mintedFrom, result] as const
  })
  return new Map(await Promise.all(minted))
}

interface Sources {
  readonly source: TokenSource
  readonly requestToken: SharedTokenRequests
  readonly readFile: ReturnType<typeof shareTokenFiles>
  readonly cluster: Cluster
  readonly openGate: () => Promise<PublicationGate>
}

/** The controller logs its own message, with the time of the next refresh. */
export const credentialMinted = 'a credential was minted'

async function mint(exchangeRequest: ExchangeRequest, sources: Sources, context: Context): Promise<RegistryCredential> {
  context.signal.throwIfAborted()
  const { document, registry } = exchangeRequest
  const credential = await exchangeOrLookUp(exchangeRequest, sources, {
    ...context,
    readSecret: (secret) => readSourceSecret(sources.cluster, secret),
  })
  context.secrets.add(credential.password)
  context.log('info', credentialMinted, {
    document: document.name,
    registry: registry.name,
    expiresAt: credential.expiresAt === undefined ? 'unknown' : rfc3339(credential.expiresAt),
  })
  for (const { code, seen, fix } of credential.warnings ?? []) {
    context.log('warn', 'a credential has a limitation', { code, registry: registry.name, seen, fix })
  }
  return credential
}

async function exchangeOrLookUp(
  exchangeRequest: ExchangeRequest,
  sources: Sources,
  context: ExchangeContext,
): Promise<RegistryCredential> {
  if (exchangeRequest.registry.subjectToken === 'unused') return await exchangeRequest.exchange(undefined, context)
  const { token: subjectToken, safeAt } = await obtainToken(exchangeRequest, sources)
  return await exchangeRequest.exchange(subjectToken, context).catch((fault: unknown) => {
    throw whileCached(fault, subjectToken, safeAt, context.now())
  })
}

async function obtainToken(
  exchangeRequest: ExchangeRequest,
  { source, requestToken, readFile, cluster, openGate }: Sources,
): Promise<{ readonly token: SubjectToken; readonly safeAt: Date | undefined }> {
  const { document, registry } = exchangeRequest
  const file = tokenFileOf(document, registry, source)
  const token =
    file === undefined
      ? await requestToken(exchangeRequest)
      : await readSubjectToken(file, exchangeRequest, source, readFile)
  const gated = gatedToken(exchangeRequest, file, cluster)
  if (gated === undefined) return { token, safeAt: undefined }
  const gate = await openGate()
  const { token: admitted, key } = await gate(token, gated)
  if (key instanceof PullpassError) throw key
  return { token: admitted, safeAt: key.safeAt }
}

/**
 * A key that was published a moment ago is unknown to verifiers that cache the JWKS: they refuse its tokens until their copy has
 * expired. Other verifiers read the JWKS again, so that the exchange is tried. A vendor's refusal can be the same for a key that it does not know
 * and for an issuer that it cannot read, so that the error gives both causes, each with what to do.
 */
function whileCached(fault: unknown, { keyId }: SubjectToken, safeAt: Date | undefined, now: Date): unknown {
  const isOfKey = fault instanceof PullpassError && fault.code === 'ISSUER_UNREACHABLE'
  if (!isOfKey || safeAt === undefined || now >= safeAt) return fault
  const at = rfc3339(safeAt, 'up')
  return new PullpassError({
    code: 'KEY_PUBLISHED_RECENTLY',
    hop: 'exchange',
    seen: `a token of key ${quote(keyId ?? '')} was refused (${fault.seen}); the published keys have changed since verifiers may have cached them`,
    expected: `a key that every verifier knows, which it is from ${at} on`,
    hint: `wait: a run after ${at} exchanges it. If that one is refused too, the cloud cannot read the issuer: ${fixOf(fault)}. To avoid this in a rotation, sign with a new key only when it is safe; to show the time`,
    command: 'pullpass issuer show',
    retryable: true,
    retryAt: safeAt,
    cause: fault,
  })
}
