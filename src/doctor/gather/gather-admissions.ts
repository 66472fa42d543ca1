/**
 * Whether a refresh would let each token through to its exchange, where its document says that its issuer is public: the
 * refresh's own judgement, which here publishes nothing.
 */
import { requestedAccount } from '../../document/document.ts'
import type { ErrorCode } from '../../errors/codes.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { createPublicationGate } from '../../publish/gate/publication-gate.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { gatedToken } from '../../refresh/subject-tokens.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { Asked } from '../asked.ts'
import { type TokenFacts, whereOf } from './gather-tokens.ts'

export interface AdmissionFacts {
  readonly demand: ExchangeRequest
  /** In a roll-out another than the one that was gathered. undefined: there was none that is worth trying. */
  readonly token: SubjectToken | undefined
  readonly admission:
    | { readonly verdict: 'not asked' }
    | { readonly verdict: 'public' }
    /** `unknown here`: whoever looks may not do it, and the pod that refreshes is another. */
    | { readonly verdict: 'to be published' | 'refused' | 'unknown here'; readonly fault: PullpassError }
}

export interface AdmissionWanted {
  readonly demand: ExchangeRequest
  readonly from: TokenFacts['from']
  readonly token: SubjectToken | undefined
}

/** `cluster`: undefined where it cannot be asked. */
export async function gatherAdmissions(
  wanted: readonly AdmissionWanted[],
  { tokenFiles }: Pick<Asked, 'tokenFiles'>,
  cluster: Cluster | undefined,
  context: VendorContext,
): Promise<AdmissionFacts[]> {
  // What a stranger does not read here is told at its own hop.
  const gate =
    cluster && createPublicationGate({ cluster, mode: 'dry-run', context: { ...context, log: () => undefined } })
  return await Promise.all(
    wanted.map(async ({ demand, from, token }): Promise<AdmissionFacts> => {
      const isFile = requestedAccount(demand.document, demand.registry) === undefined
      const gated = cluster && gatedToken(demand, isFile ? whereOf(from) : undefined, cluster)
      if (gate === undefined || token === undefined || gated === undefined)
        return { demand, token, admission: { verdict: 'not asked' } }
      const result = await gate(token, gated).catch(asFault)
      if (result instanceof PullpassError) return { demand, token, admission: refusal(result, tokenFiles) }
      const { key } = result
      const admission =
        key instanceof PullpassError
          ? ({ verdict: 'to be published', fault: key } as const)
          : ({ verdict: 'public' } as const)
      return { demand, token: result.token, admission }
    }),
  )
}

/** What the pod that refreshes may do for itself. */
const ofWhoAsks: readonly ErrorCode[] = ['PUBLISH_CREDENTIALS_MISSING', 'PUBLISH_DENIED', 'KUBERNETES_FORBIDDEN']

function refusal(fault: PullpassError, tokenFiles: Asked['tokenFiles']): AdmissionFacts['admission'] {
  const { code } = fault.cause instanceof PullpassError ? fault.cause : fault
  return { verdict: tokenFiles === 'elsewhere' && ofWhoAsks.includes(code) ? 'unknown here' : 'refused', fault }
}

/** What a refresh would exchange now. */
export const admittedToken = ({ token, admission: { verdict } }: AdmissionFacts): SubjectToken | undefined =>
  verdict === 'to be published' || verdict === 'refused' ? undefined : token
