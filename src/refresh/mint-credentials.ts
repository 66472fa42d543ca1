/** Exchanges a subject token for each demand, side by side: a cost for each identity and registry, not for each namespace. */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { asFault } from '../outside/as-fault.ts'
import type { Outside } from '../outside/outside.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import type { Demand } from './demand.ts'
import { readSubjectToken, requestSubjectToken, type TokenSource, tokenFileOf } from './obtain-subject-token.ts'

/** By fingerprint: a credential, or why there is none. */
export type Minted = ReadonlyMap<string, RegistryCredential | PullpassError>

/** A demand that fails fails alone. */
export async function mintCredentials(
  demands: readonly Demand[],
  source: TokenSource,
  cluster: Cluster,
  outside: Outside,
): Promise<Minted> {
  const requests = shareRequests(cluster)
  const minted = demands.map(async (demand) => {
    const result = await mint(demand, { source, requests, outside }).catch(asFault)
    return [demand.mintedFrom, result] as const
  })
  return new Map(await Promise.all(minted))
}

interface Mint {
  readonly source: TokenSource
  readonly requests: RequestSubjectToken
  readonly outside: Outside
}

async function mint(demand: Demand, { source, requests, outside }: Mint): Promise<RegistryCredential> {
  outside.signal.throwIfAborted()
  const { document, registry } = demand
  const file = tokenFileOf(document, registry, source)
  const subjectToken = file === undefined ? await requests(demand) : await readSubjectToken(file, demand, source)
  const credential = await demand.exchange(subjectToken, outside)
  outside.log('info', 'a credential was minted', {
    document: document.name,
    registry: registry.name,
    expiresAt: credential.expiresAt.toISOString(),
  })
  return credential
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
