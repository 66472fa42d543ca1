/** The facts about a cluster's issuer: what it serves, what it signs, and what an anonymous client reads. */
import type { NamespacedName } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ClusterIssuer, freshToken, readClusterIssuer } from '../oidc/cluster/cluster-issuer.ts'
import { evaluateIssuer, type IssuerVerdict, issuerVerdict } from '../oidc/evaluate/evaluate.ts'
import type { IssuerFinding, IssuerFindingCode } from '../oidc/evaluate/finding.ts'
import type { IssuerVerifier } from '../oidc/evaluate/issuer-requirements.ts'
import { type IssuerKey, type SignatureVerdict, verifySignature, whyUnusable } from '../oidc/keys.ts'
import { gatherPublicFacts, type PublicContext, type PublicFacts } from '../oidc/public/public-facts.ts'
import { cacheSecondsOf } from '../oidc/public/public-issuer.ts'
import { emptyKeyState, isRevoked, type KeyState, readKeyState } from './key-state.ts'
import { findMode, type IssuerMode } from './published-documents.ts'
import { safeToSignAt } from './safe-to-sign.ts'

export interface IssuerSurvey {
  readonly issuer: string
  /** As of PublicFacts. */
  readonly managedService: string | undefined
  /** Undefined where the cluster serves no documents, since its issuer cannot be verified. */
  readonly served: ClusterIssuer | undefined
  /** When issuer watch first saw a key, by kid; empty without issuer watch, or if the key state may not be read. */
  readonly seenSince: ReadonlyMap<string, Date>
  /** Served keys, and from when on each may sign; empty if nothing is published or could be read. */
  readonly safeToSign: readonly { readonly keyId: string; readonly at: Date | 'not public' }[]
  /** When it was read. */
  readonly at: Date
  /** Served keys that issuer revoke took out of what is public, as far as that may be read. */
  readonly revoked: readonly IssuerKey[]
  /** Or why there is none. */
  readonly token: SubjectToken | string
  /** Of the token, by the keys that the cluster serves. */
  readonly signature: SignatureVerdict | undefined
  readonly mode: IssuerMode
  readonly verdicts: readonly IssuerVerdict[]
}

export interface SurveyRequest {
  readonly account: NamespacedName
  readonly keyStateRef: NamespacedName
  readonly verifiers: readonly IssuerVerifier[]
}

/** Whether the cluster serves the key that signs its tokens, as far as a token was requested. */
export const isVerifiable = ({ signature }: IssuerSurvey): boolean =>
  signature === undefined || signature === 'verified'

/** @throws DISCOVERY_FORBIDDEN, DISCOVERY_MALFORMED, DISCOVERY_UNAVAILABLE; DISCOVERY_NOT_FOUND without a token, which would show the issuer */
export async function surveyIssuer(
  cluster: Cluster,
  { account, keyStateRef, verifiers }: SurveyRequest,
  context: PublicContext,
): Promise<IssuerSurvey> {
  const served = await readServed(cluster)
  const token = await tokenOrReason(cluster, account)
  const signed = typeof token === 'string' ? undefined : token
  const issuer = served instanceof PullpassError ? signed?.issuer : served.issuer
  if (issuer === undefined) throw served
  const known = served instanceof PullpassError ? undefined : served
  const facts = await gatherPublicFacts(context, issuer, signed)
  const recorded = await readKeyStateOrNone(cluster, keyStateRef)
  return {
    issuer,
    managedService: facts.managedService,
    served: known,
    seenSince: new Map(recorded.keys.map(({ key, firstSeenAt }) => [key.keyId ?? '', firstSeenAt])),
    safeToSign: known === undefined ? [] : safeKeys(known.keys, recorded, facts),
    at: facts.at,
    revoked: (known?.keys ?? []).filter((key) => isRevoked(recorded, key)),
    token,
    signature: signed === undefined || known === undefined ? undefined : await verifySignature(signed, known.keys),
    mode: findMode(facts, known?.keys ?? []),
    verdicts: evaluateIssuer(facts, verifiers).map((verdict) =>
      withFixOfRevoked(withoutTokensOwn(verdict), signed?.keyId, { served: known?.keys ?? [], recorded }),
    ),
  }
}

/** The key state gives the time of publication; without it, the JWKS's last modification, or now, is the latest possible time. */
function safeKeys(served: readonly IssuerKey[], keyState: KeyState, { found, keys, at }: PublicFacts) {
  const jwks = found?.jwks?.kind === 'response' ? found.jwks : undefined
  if (keys === undefined || jwks === undefined) return []
  const isUsable = (key: IssuerKey) => whyUnusable(key) === undefined && !isRevoked(keyState, key)
  return served.filter(isUsable).map(({ keyId = '' }) => {
    if (!keys.some((key) => key.keyId === keyId)) return { keyId, at: 'not public' as const }
    const publishedAt = keyState.keys.find(({ key }) => key.keyId === keyId)?.publishedAt ?? jwks.lastModifiedAt ?? at
    return { keyId, at: safeToSignAt(publishedAt, cacheSecondsOf(jwks.cacheControl)) }
  })
}

async function readServed(cluster: Cluster): Promise<ClusterIssuer | PullpassError> {
  try {
    return await readClusterIssuer(cluster)
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'DISCOVERY_NOT_FOUND') return fault
    throw fault
  }
}

/** Reading the survey does not require the permission to read the key state of issuer watch. */
async function readKeyStateOrNone(cluster: Cluster, keyStateRef: NamespacedName): Promise<KeyState> {
  try {
    return await readKeyState(cluster, keyStateRef)
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'KUBERNETES_FORBIDDEN') return emptyKeyState
    throw fault
  }
}

/** The token is of any account, without a usable audience: its audience and subject are not evaluated. */
const tokensOwn: readonly IssuerFindingCode[] = ['AUDIENCE_NOT_SINGLE', 'AUDIENCE_MISMATCH', 'SUBJECT_TOO_LONG']

const withoutTokensOwn = (verdict: IssuerVerdict): IssuerVerdict =>
  issuerVerdict(
    verdict,
    verdict.findings.filter(({ code }) => !tokensOwn.includes(code)),
  )

interface RevocationFacts {
  readonly served: readonly IssuerKey[]
  readonly recorded: KeyState
}

const withSentence = ({ result, code, seen }: IssuerFinding, fix: string): IssuerFinding => ({
  result,
  code,
  seen,
  fix,
})

/** A revoked key is never published again, so publishing is not a fix if it signs, or if the cluster has no other key. */
function withFixOfRevoked(
  verdict: IssuerVerdict,
  keyId: string | undefined,
  { served, recorded }: RevocationFacts,
): IssuerVerdict {
  const revoked = served.filter((key) => isRevoked(recorded, key))
  const unpublishable: IssuerFindingCode[] = [
    ...(revoked.some((key) => key.keyId === keyId) ? (['KEY_UNPUBLISHED'] as const) : []),
    ...(revoked.length > 0 && revoked.length === served.length ? (['KEYS_MISSING'] as const) : []),
  ]
  const fix = 'let every API server sign with a new key: this one was revoked, and is not published again'
  return issuerVerdict(
    verdict,
    verdict.findings.map((one) => (unpublishable.includes(one.code) ? withSentence(one, fix) : one)),
  )
}

// A new token of the cluster, or why there is none: a survey or publication does not require the permission for one.

/** @throws TOKEN_MALFORMED, and what a cluster throws */
export async function tokenOrReason(cluster: Cluster, account: NamespacedName): Promise<SubjectToken | string> {
  try {
    return await freshToken(cluster, account)
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'TOKEN_REQUEST_REFUSED') return fault.seen
    throw fault
  }
}
