/** What there is to know of a cluster's issuer: what it serves, what it signs, and what a stranger finds. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { findMode, type IssuerMode } from '../../issuer/cluster/find-mode.ts'
import { type ClusterIssuer, readClusterIssuer } from '../../issuer/cluster/read-cluster-issuer.ts'
import { safeToSignAt } from '../../issuer/documents/safe-to-sign.ts'
import type { IssuerKey } from '../../issuer/keys/issuer-key.ts'
import { type SignatureVerdict, verifySignature } from '../../issuer/keys/verify-signature.ts'
import { whyUnusable } from '../../issuer/keys/why-unusable.ts'
import { isRevoked } from '../../issuer/memory/is-revoked.ts'
import { emptyMemory, type KeyMemory } from '../../issuer/memory/key-memory.ts'
import { readMemory } from '../../issuer/memory/read-memory.ts'
import { type CloudVerdict, cloudVerdict } from '../../issuer/public/cloud-verdict.ts'
import { cloudNames } from '../../issuer/public/clouds/clouds.ts'
import { gatherPublicFacts } from '../../issuer/public/gather-public-facts.ts'
import type { FindingWord } from '../../issuer/public/issuer-finding.ts'
import { judgeForClouds } from '../../issuer/public/judge-for-clouds.ts'
import type { PublicFacts } from '../../issuer/public/public-facts.ts'
import type { PublicOutside } from '../../issuer/public/public-outside.ts'
import { cacheSecondsOf } from '../../issuer/public/read-public-issuer.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { tokenOrReason } from './token-or-reason.ts'

export interface IssuerSurvey {
  readonly issuer: string
  /** Undefined where the cluster serves no documents, since its issuer is none that anybody could verify. */
  readonly served: ClusterIssuer | undefined
  /** When issuer watch first saw a key, by kid; empty where nobody watches, or it may not be read. */
  readonly seenSince: ReadonlyMap<string, Date>
  /** Served keys, and from when on each may sign; empty where nobody publishes, or nothing public was read. */
  readonly safeToSign: readonly { readonly keyId: string; readonly at: Date | 'not public' }[]
  /** When it was looked. */
  readonly at: Date
  /** Served keys that issuer revoke took out of what is public, as far as that may be read. */
  readonly revoked: readonly IssuerKey[]
  /** Or why there is none. */
  readonly token: SubjectToken | string
  /** Of the token, by the keys that the cluster serves. */
  readonly signature: SignatureVerdict | undefined
  readonly mode: IssuerMode
  readonly verdicts: readonly CloudVerdict[]
}

/** @throws DISCOVERY_FORBIDDEN, DISCOVERY_MALFORMED, DISCOVERY_UNAVAILABLE; DISCOVERY_ABSENT without a token, which would tell the issuer */
export async function surveyIssuer(
  cluster: Cluster,
  { account, memory }: { readonly account: NamespacedName; readonly memory: NamespacedName },
  outside: PublicOutside,
): Promise<IssuerSurvey> {
  const served = await readServed(cluster)
  const token = await tokenOrReason(cluster, account)
  const signed = typeof token === 'string' ? undefined : token
  const issuer = served instanceof PullpassError ? signed?.issuer : served.issuer
  if (issuer === undefined) throw served
  const known = served instanceof PullpassError ? undefined : served
  const facts = await gatherPublicFacts(outside, issuer, signed)
  const remembered = await readRemembered(cluster, memory)
  return {
    issuer,
    served: known,
    seenSince: new Map(remembered.keys.map(({ key, firstSeenAt }) => [key.keyId ?? '', firstSeenAt])),
    safeToSign: known === undefined ? [] : safeKeys(known.keys, remembered, facts),
    at: facts.at,
    revoked: (known?.keys ?? []).filter((key) => isRevoked(remembered, key)),
    token,
    signature: signed === undefined || known === undefined ? undefined : await verifySignature(signed, known.keys),
    mode: findMode(issuer, known?.keys ?? [], facts.found),
    verdicts: judgeForClouds(facts, cloudNames).map(withoutTokensOwn),
  }
}

/** Since when a key is public, issuer watch remembers; else it is as long as the JWKS was last modified, or since now at the latest. */
function safeKeys(served: readonly IssuerKey[], memory: KeyMemory, { found, keys, at }: PublicFacts) {
  const jwks = found?.jwks?.kind === 'answered' ? found.jwks : undefined
  if (keys === undefined || jwks === undefined) return []
  const isUsable = (key: IssuerKey) => whyUnusable(key) === undefined && !isRevoked(memory, key)
  return served.filter(isUsable).map(({ keyId = '' }) => {
    if (!keys.some((key) => key.keyId === keyId)) return { keyId, at: 'not public' as const }
    const publishedAt = memory.keys.find(({ key }) => key.keyId === keyId)?.publishedAt ?? jwks.lastModifiedAt ?? at
    return { keyId, at: safeToSignAt(publishedAt, cacheSecondsOf(jwks.cacheControl)) }
  })
}

async function readServed(cluster: Cluster): Promise<ClusterIssuer | PullpassError> {
  try {
    return await readClusterIssuer(cluster)
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'DISCOVERY_ABSENT') return fault
    throw fault
  }
}

/** Who may look need not have the right to what issuer watch remembers. */
async function readRemembered(cluster: Cluster, place: NamespacedName): Promise<KeyMemory> {
  try {
    return await readMemory(cluster, place)
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'KUBERNETES_FORBIDDEN') return emptyMemory
    throw fault
  }
}

/** The token was requested for nobody, of any account: whom it is for and what it is called is no matter here. */
const tokensOwn: readonly FindingWord[] = ['TOKEN_AUDIENCES_MANY', 'TOKEN_AUDIENCE_OTHER', 'TOKEN_SUBJECT_LONG']

const withoutTokensOwn = ({ cloud, findings }: CloudVerdict): CloudVerdict =>
  cloudVerdict(
    cloud,
    findings.filter(({ word }) => !tokensOwn.includes(word)),
  )
