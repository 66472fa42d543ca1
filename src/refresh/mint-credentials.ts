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
  source: MintSource,
  cluster: Cluster,
  outside: Outside,
): Promise<Minted> {
  const requests = shareRequests(cluster)
  const admit = admitPublished(source.mode, cluster, outside)
  const minted = demands.map(async (demand) => {
    const result = await mint(demand, { source, requests, admit, outside }).catch(asFault)
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
  readonly outside: Outside
}

async function mint(demand: Demand, { source, requests, admit, outside }: Mint): Promise<RegistryCredential> {
  outside.signal.throwIfAborted()
  const { document, registry } = demand
  const file = tokenFileOf(document, registry, source)
  const token = file === undefined ? await requests(demand) : await readSubjectToken(file, demand, source)
  const subjectToken = await admit(token, demand, file)
  const credential = await demand.exchange(subjectToken, outside)
  outside.secrets.add(credential.password)
  outside.log('info', 'a credential was minted', {
    document: document.name,
    registry: registry.name,
    expiresAt: credential.expiresAt.toISOString(),
  })
  return credential
}

type AdmitToken = (token: SubjectToken, demand: Demand, file: string | undefined) => Promise<SubjectToken>

/** Whoever names no publication pays nothing for it. */
function admitPublished(mode: MintSource['mode'], cluster: Cluster, outside: Outside): AdmitToken {
  let opened: Promise<AdmitToken> | undefined
  return async (token, demand, file) => {
    if (demand.document.issuer === undefined) return token
    opened ??= import('./await-published-key.ts').then((loaded) => loaded.awaitPublishedKey({ mode, cluster, outside }))
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
