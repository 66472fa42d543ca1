/** The subject token of each registry, as a refresh would get it: from its file, or requested, which is real. */
import { type NamespacedName, requestedAccount } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { readTokenFile } from '../../identity/token-file.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { shareTokenRequests, tokenFileOf } from '../../refresh/subject-tokens.ts'
import { looksLikeSecret } from '../../text/show.ts'
import type { Asked } from '../asked.ts'

export interface TokenFacts {
  readonly demand: ExchangeRequest
  /** `requested`: by TokenRequest, so that the cluster's clock is in it. */
  readonly from:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'requested'; readonly account: NamespacedName }
  /** `no cluster`: it could not be asked; `not here`: the file is in a pod, and this is none. */
  readonly got: SubjectToken | PullpassError | 'no cluster' | 'not here'
}

/** Where a token came from, for messages. */
export const whereOf = (from: TokenFacts['from']): string =>
  from.kind === 'file' ? from.path : `the token of service account ${from.account.namespace}/${from.account.name}`

/** One for each demand; what several share is asked for once. `cluster`: undefined where it cannot be reached. */
export async function gatherTokens(
  demands: readonly ExchangeRequest[],
  asked: Asked,
  cluster: Cluster | undefined,
): Promise<TokenFacts[]> {
  const requestToken = cluster && shareTokenRequests(cluster)
  const request = async (demand: ExchangeRequest, account: NamespacedName): Promise<TokenFacts> => {
    const from = { kind: 'requested', account } as const
    if (requestToken === undefined) return { demand, from, got: 'no cluster' }
    return { demand, from, got: await requestToken(demand, account).catch(asFault) }
  }
  return await Promise.all(
    demands.map(async (demand) => {
      const account = requestedAccount(demand.document, demand.registry)
      return account === undefined ? await readFile(demand, asked, request) : await request(demand, account)
    }),
  )
}

async function readFile(
  demand: ExchangeRequest,
  { source, tokenFiles, serviceAccount }: Asked,
  request: (demand: ExchangeRequest, account: NamespacedName) => Promise<TokenFacts>,
): Promise<TokenFacts> {
  const path = tokenFileOf(demand.document, demand.registry, source) ?? ''
  const from = { kind: 'file', path: looksLikeSecret(path) ? 'the token file' : path } as const
  if (serviceAccount !== undefined && !looksLikeSecret(path)) return await request(demand, serviceAccount)
  const got = await readTokenFile(path, demand.registry.tokenFileField).catch(asFault)
  const absent = got instanceof PullpassError && tokenFiles === 'elsewhere' && got.seen.endsWith('does not exist')
  return { demand, from, got: absent ? 'not here' : got }
}
