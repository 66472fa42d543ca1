/** The subject token of each registry, as a refresh would get it: from its file, or requested, which is real. */
import { type NamespacedName, requestedAccount } from '../../document/document.ts'
import type { ErrorCode } from '../../errors/codes.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../host/read-file.ts'
import { checkAudience, checkLifetime } from '../../identity/check-subject-token.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { readTokenFile } from '../../identity/token-file.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { createPublicationGate } from '../../publish/gate/publication-gate.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { gatedToken, shareTokenRequests, tokenFileOf } from '../../refresh/subject-tokens.ts'
import { looksLikeSecret } from '../../text/show.ts'
import { defineSource, type Source } from '../hop.ts'
import type { DoctorRequest } from '../request.ts'
import { clusterSource } from './cluster.ts'

export interface TokenFacts {
  readonly exchangeRequest: ExchangeRequest
  /** `requested`: by TokenRequest, so that the cluster's clock is in it. */
  readonly from:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'requested'; readonly account: NamespacedName }
  /** `no cluster`: none can be requested; `not here`: the file is in the pod that refreshes, and this is another place; `not used`: the credential is not from a token. */
  readonly got: SubjectToken | PullpassError | 'no cluster' | 'not here' | 'not used'
  /** When it was read or requested. */
  readonly at: Date
}

export const tokensSource: Source<readonly TokenFacts[]> = defineSource({
  needs: { cluster: clusterSource },
  step: { hops: ['subject-token'], of: 'the API server' },
  otherwise: [],
  async gather({ cluster }, { exchangeRequests, request, context }) {
    const tokens = await gatherTokens(exchangeRequests, request, cluster?.cluster)
    const at = context.now()
    return tokens.map((facts) => ({ ...facts, at }))
  },
})

export const isToken = (got: TokenFacts['got']): got is SubjectToken =>
  typeof got === 'object' && !(got instanceof PullpassError)

/** As verifiers do. Milliseconds. */
const toleratedMs = 60_000

/** Why a token would be refused, by its claims. Pure. */
export function claimsFault(
  token: SubjectToken,
  { exchangeRequest, from }: Pick<TokenFacts, 'exchangeRequest' | 'from'>,
  now: Date,
): PullpassError | 'not yet valid' | undefined {
  const where = whereOf(from)
  const { registry, audiences } = exchangeRequest
  if (token.issuedAt !== undefined && token.issuedAt.getTime() - toleratedMs > now.getTime()) return 'not yet valid'
  return (
    checkLifetime(token, where, now) ??
    checkAudience(token, where, { audiences, host: registry.hosts[0] ?? registry.name }) ??
    exchangeRequest.checkSubject(token.subject, where)
  )
}

/** Where a token came from, for messages. */
export const whereOf = (from: TokenFacts['from']): string =>
  from.kind === 'file' ? from.path : `the token of service account ${from.account.namespace}/${from.account.name}`

type Gathered = Omit<TokenFacts, 'at'>

/** One for each exchange request; a shared token is requested once. `cluster`: undefined where it cannot be reached. */
async function gatherTokens(
  exchangeRequests: readonly ExchangeRequest[],
  doctor: DoctorRequest,
  cluster: Cluster | undefined,
): Promise<Gathered[]> {
  const requestToken = cluster && shareTokenRequests(cluster)
  const request = async (exchangeRequest: ExchangeRequest, account: NamespacedName): Promise<Gathered> => {
    const from = { kind: 'requested', account } as const
    if (requestToken === undefined) return { exchangeRequest, from, got: 'no cluster' }
    return { exchangeRequest, from, got: await requestToken(exchangeRequest, account).catch(asFault) }
  }
  return await Promise.all(
    exchangeRequests.map(async (exchangeRequest) => {
      if (exchangeRequest.registry.subjectToken === 'unused')
        return { exchangeRequest, from: { kind: 'file', path: '' }, got: 'not used' } as const
      const account = requestedAccount(exchangeRequest.document, exchangeRequest.registry)
      return account === undefined
        ? await readFile(exchangeRequest, doctor, request)
        : await request(exchangeRequest, account)
    }),
  )
}

async function readFile(
  exchangeRequest: ExchangeRequest,
  { source, tokenFiles, serviceAccount }: DoctorRequest,
  request: (exchangeRequest: ExchangeRequest, account: NamespacedName) => Promise<Gathered>,
): Promise<Gathered> {
  const path = tokenFileOf(exchangeRequest.document, exchangeRequest.registry, source) ?? ''
  const from = { kind: 'file', path: looksLikeSecret(path) ? 'the token file' : path } as const
  if (serviceAccount !== undefined && !looksLikeSecret(path)) return await request(exchangeRequest, serviceAccount)
  const got = await readTokenFile(path, exchangeRequest.registry.tokenFileField).catch(asFault)
  return { exchangeRequest, from, got: tokenFiles === 'elsewhere' && isAbsent(got) ? 'not here' : got }
}

const isAbsent = (got: SubjectToken | PullpassError): boolean =>
  got instanceof PullpassError && ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(got.cause) ?? '')

// Whether the publication gate of a refresh would let each token through; here it publishes nothing.

export interface AdmissionFacts {
  readonly exchangeRequest: ExchangeRequest
  /** In a roll-out possibly another one than was gathered. undefined: none that would be accepted. */
  readonly token: SubjectToken | undefined
  readonly admission:
    | { readonly verdict: 'no gate' }
    | { readonly verdict: 'published' }
    /** The document has a gate, which needs the cluster. `fault`: why that cannot be used; undefined where the time was over. */
    | { readonly verdict: 'no cluster'; readonly fault: PullpassError | undefined }
    /** `unknown here`: the permissions are those of the pod that refreshes, not of this run. */
    | { readonly verdict: 'to be published' | 'refused' | 'unknown here'; readonly fault: PullpassError }
}

/** One for each token, in their order. */
export const admissionsSource: Source<readonly AdmissionFacts[]> = defineSource({
  needs: { cluster: clusterSource, tokens: tokensSource },
  step: { hops: ['publish'], of: 'where the issuer is published' },
  otherwise: [],
  async gather({ cluster: { cluster, fault } = noCluster, tokens }, { request: { tokenFiles }, observed }) {
    // What anonymous clients cannot read is reported at hop `discovery`.
    const context = { ...observed, log: () => undefined }
    const gate = cluster && createPublicationGate({ cluster, mode: 'dry-run', context })
    const admit = async (facts: TokenFacts): Promise<AdmissionFacts> => {
      const { exchangeRequest, from, got } = facts
      // A token that is known to be refused is not sent: the quota is the vendor's, and its message contains less.
      const token = isToken(got) && claimsFault(got, facts, facts.at) === undefined ? got : undefined
      if (got === 'not used') return { exchangeRequest, token, admission: { verdict: 'no gate' } }
      if (cluster === undefined && exchangeRequest.document.issuer !== undefined)
        return { exchangeRequest, token, admission: { verdict: 'no cluster', fault } }
      const isFile = requestedAccount(exchangeRequest.document, exchangeRequest.registry) === undefined
      const gated = cluster && gatedToken(exchangeRequest, isFile ? whereOf(from) : undefined, cluster)
      if (gate === undefined || token === undefined || gated === undefined)
        return { exchangeRequest, token, admission: { verdict: 'no gate' } }
      const result = await gate(token, gated).catch(asFault)
      if (result instanceof PullpassError) return { exchangeRequest, token, admission: refusal(result, tokenFiles) }
      const { key } = result
      const isUnpublished = key instanceof PullpassError
      const admission = isUnpublished
        ? ({ verdict: 'to be published', fault: key } as const)
        : ({ verdict: 'published' } as const)
      return { exchangeRequest, token: result.token, admission }
    }
    return await Promise.all(tokens.map(admit))
  },
})

const noCluster = { cluster: undefined, fault: undefined }

/** The pod that refreshes may have these permissions where this run does not. */
const ofCaller: readonly ErrorCode[] = ['PUBLISH_CREDENTIALS_MISSING', 'PUBLISH_DENIED', 'KUBERNETES_FORBIDDEN']

function refusal(fault: PullpassError, tokenFiles: DoctorRequest['tokenFiles']): AdmissionFacts['admission'] {
  const { code } = fault.cause instanceof PullpassError ? fault.cause : fault
  return { verdict: tokenFiles === 'elsewhere' && ofCaller.includes(code) ? 'unknown here' : 'refused', fault }
}

/** The token that a refresh would exchange now, as far as it is known here: a vendor may cache that a key is not published. */
export const admittedToken = ({ token, admission: { verdict } }: AdmissionFacts): SubjectToken | undefined =>
  verdict === 'no gate' || verdict === 'published' ? token : undefined
