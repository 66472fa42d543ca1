/** Exchanges a subject token for each demand, side by side: a cost for each identity and registry, not for each namespace. */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { quote } from '../text/quote.ts'
import type { Demand } from './exchange-requests.ts'
import type { AdmittedToken } from './publication-gate.ts'
import { readSubjectToken, requestSubjectToken, type TokenSource, tokenFileOf } from './subject-tokens.ts'

/** By fingerprint: a credential, or why there is none. */
export type Minted = ReadonlyMap<string, RegistryCredential | PullpassError>

/** A demand that fails fails alone. */
export async function mintCredentials(
  demands: readonly Demand[],
  source: MintSource,
  cluster: Cluster,
  context: Context,
): Promise<Minted> {
  const requests = shareRequests(cluster)
  const admit = admitPublished(source.mode, cluster, context)
  const minted = demands.map(async (demand) => {
    const result = await mint(demand, { source, requests, admit, context }).catch(asFault)
    return [demand.mintedFrom, result] as const
  })
  return new Map(await Promise.all(minted))
}

export interface MintSource extends TokenSource {
  /** Exchanges are real in a dry run too, but nothing is published. */
  readonly mode: 'write' | 'dry-run'
}

interface Mint {
  readonly source: TokenSource
  readonly requests: RequestSubjectToken
  readonly admit: AdmitToken
  readonly context: Context
}

async function mint(demand: Demand, { source, requests, admit, context }: Mint): Promise<RegistryCredential> {
  context.signal.throwIfAborted()
  const { document, registry } = demand
  const file = tokenFileOf(document, registry, source)
  const token = file === undefined ? await requests(demand) : await readSubjectToken(file, demand, source)
  const { token: subjectToken, safeAt } = await admit(token, demand, file)
  const credential = await demand.exchange(subjectToken, context).catch((fault: unknown) => {
    throw whileCached(fault, subjectToken, safeAt, context.now())
  })
  context.secrets.add(credential.password)
  context.log('info', 'a credential was minted', {
    document: document.name,
    registry: registry.name,
    expiresAt: credential.expiresAt.toISOString(),
  })
  return credential
}

/**
 * A key that was published a moment ago is unknown to verifiers that cache the JWKS: they refuse its tokens until their copy has
 * expired. Other verifiers ask again, so that the exchange is tried. Google's refusal is the same for a key that it does not know
 * and for an issuer that it cannot read, so that the error gives both causes, each with what to do.
 */
function whileCached(fault: unknown, { keyId }: SubjectToken, safeAt: Date | undefined, now: Date): unknown {
  const isOfKey = fault instanceof PullpassError && fault.code === 'ISSUER_UNREACHABLE'
  if (!isOfKey || safeAt === undefined || now >= safeAt) return fault
  const at = safeAt.toISOString().replace(/\.\d+Z$/, 'Z')
  return new PullpassError({
    code: 'KEY_PUBLISHED_RECENTLY',
    hop: 'exchange',
    seen: `a token of key ${quote(keyId ?? '')} was refused (${fault.seen}); the published keys have changed since verifiers may have cached them`,
    expected: `a key that every verifier knows, which it is from ${at} on`,
    hint: `wait: a run after ${at} exchanges it. Where that one is refused too, the cloud cannot read the issuer: ${fault.hint}. To rotate without this, sign with a new key only when it is safe: pullpass issuer show says from when`,
    retryable: true,
    retryAt: safeAt,
    cause: fault,
  })
}

type AdmitToken = (token: SubjectToken, demand: Demand, file: string | undefined) => Promise<AdmittedToken>

/** Whoever names no publication pays nothing for it. */
function admitPublished(mode: MintSource['mode'], cluster: Cluster, context: Context): AdmitToken {
  let opened: Promise<AdmitToken> | undefined
  return async (token, demand, file) => {
    if (demand.document.issuer === undefined) return { token, safeAt: undefined }
    opened ??= import('./publication-gate.ts').then((loaded) => loaded.awaitPublishedKey({ mode, cluster, context }))
    return await (await opened)(token, demand, file)
  }
}

type RequestSubjectToken = (demand: Demand) => Promise<SubjectToken>

/** Demands that differ in settings alone share one token of the cluster. */
function shareRequests(cluster: Cluster): RequestSubjectToken {
  const requested = new Map<string, Promise<SubjectToken>>()
  return (demand) => {
    const account = demand.document.serviceAccountRef
    if (account === undefined) throw new TypeError('a demand without a token file has a service account')
    const key = JSON.stringify([account, demand.audiences[0], demand.subjectTokenLifeSeconds])
    const token = requested.get(key) ?? requestSubjectToken(account, demand, cluster)
    requested.set(key, token)
    return token
  }
}
