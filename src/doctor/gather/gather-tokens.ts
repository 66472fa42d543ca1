/** The subject token of each registry, as a refresh would get it: from its file, or requested, which is real. */
import { type NamespacedName, requestedAccount } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { readTokenFile } from '../../identity/token-file.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import type { Demand } from '../../refresh/exchange-requests.ts'
import { requestSubjectToken, tokenFileOf } from '../../refresh/subject-tokens.ts'
import { looksLikeSecret } from '../../text/show.ts'
import type { Asked } from '../asked.ts'

export interface TokenFacts {
  readonly demand: Demand
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
  demands: readonly Demand[],
  asked: Asked,
  cluster: Cluster | undefined,
): Promise<TokenFacts[]> {
  const requests = new Map<string, Promise<SubjectToken>>()
  const request = async (demand: Demand, account: NamespacedName): Promise<TokenFacts> => {
    const from = { kind: 'requested', account } as const
    if (cluster === undefined) return { demand, from, got: 'no cluster' }
    const key = JSON.stringify([account, demand.audiences[0], demand.subjectTokenLifeSeconds])
    const token = requests.get(key) ?? requestSubjectToken(account, demand, cluster)
    requests.set(key, token)
    return { demand, from, got: await token.catch(asFault) }
  }
  return await Promise.all(
    demands.map(async (demand) => {
      const account = requestedAccount(demand.document, demand.registry)
      return account === undefined ? await readFile(demand, asked, request) : await request(demand, account)
    }),
  )
}

async function readFile(
  demand: Demand,
  { source, tokenFiles, serviceAccount }: Asked,
  request: (demand: Demand, account: NamespacedName) => Promise<TokenFacts>,
): Promise<TokenFacts> {
  const path = tokenFileOf(demand.document, demand.registry, source) ?? ''
  const from = { kind: 'file', path } as const
  if (looksLikeSecret(path)) return { demand, from: { kind: 'file', path: 'the token file' }, got: secretForPath }
  if (serviceAccount !== undefined) return await request(demand, serviceAccount)
  const got = await readTokenFile(path, demand.registry.tokenFileField).catch(asFault)
  const absent = got instanceof PullpassError && tokenFiles === 'elsewhere' && got.seen.endsWith('is not there')
  return { demand, from, got: absent ? 'not here' : got }
}

const secretForPath = new PullpassError({
  code: 'TOKEN_FILE_UNREADABLE',
  hop: 'subject-token',
  seen: 'what stands for the path of the token file looks like a credential, not shown',
  expected: 'the path of the file that holds it',
  hint: 'see PULLPASS_TOKEN_FILE, and tokenFile in the document',
})
