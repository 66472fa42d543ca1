/** What a stranger reads at a token's issuer, what the cluster itself serves of it, and which of its keys were revoked. */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type ClusterIssuer, readClusterIssuer } from '../../oidc/cluster/cluster-issuer.ts'
import { checkIssuerUrl } from '../../oidc/issuer-url.ts'
import { type IssuerKey, verifySignature } from '../../oidc/keys.ts'
import type { PublicFacts } from '../../oidc/public/public-facts.ts'
import { foundKeys, readPublicIssuer } from '../../oidc/public/public-issuer.ts'
import { digestOf, emptyKeyState, isRevoked, type KeyState, readKeyState } from '../../publish/key-state.ts'
import type { Asked } from '../asked.ts'
import { publicationOf } from '../publication-of.ts'

export interface IssuerFacts {
  readonly token: SubjectToken
  /** Where the token came from, for messages. */
  readonly where: string
  /** As a stranger finds it; who serves it is not looked at. */
  readonly found: PublicFacts
  /** What the cluster serves of itself, without what was revoked; why it was not read; undefined where it could not be asked. */
  readonly cluster: ClusterIssuer | PullpassError | undefined
  /** `unknown`: what was revoked may not be read, or nothing remembers it. */
  readonly signedBy: 'a revoked key' | 'unknown'
}

export interface HeldToken {
  readonly token: SubjectToken
  readonly where: string
}

type IssuerContext = Pick<Context, 'transport' | 'signal' | 'now'>

/** One for each issuer and key among the tokens. */
export async function gatherIssuers(
  tokens: readonly HeldToken[],
  { documents }: Pick<Asked, 'documents'>,
  cluster: Cluster | undefined,
  context: IssuerContext,
): Promise<IssuerFacts[]> {
  const distinct = new Map(tokens.map((one) => [JSON.stringify([one.token.issuer, one.token.keyId]), one]))
  if (distinct.size === 0) return []
  const own = await gatherOwn(documents, cluster)
  return await Promise.all([...distinct.values()].map((one) => gatherIssuer(one, own, context)))
}

interface Own {
  readonly served: ClusterIssuer | PullpassError | undefined
  readonly memory: KeyState
}

/** Whoever may not read what was revoked is told nothing of it: what publishes is, and says so. */
async function gatherOwn(documents: Asked['documents'], cluster: Cluster | undefined): Promise<Own> {
  if (cluster === undefined) return { served: undefined, memory: emptyKeyState }
  const { memory: place } = publicationOf(documents)
  const [served, memory] = await Promise.all([
    readClusterIssuer(cluster).catch(asFault),
    readKeyState(cluster, place).catch(asFault),
  ])
  return { served, memory: memory instanceof PullpassError ? emptyKeyState : memory }
}

async function gatherIssuer(
  { token, where }: HeldToken,
  { served, memory }: Own,
  context: IssuerContext,
): Promise<IssuerFacts> {
  const { issuer } = token
  const isAsked = checkIssuerUrl(issuer, 'the issuer') === undefined
  const found = isAsked ? await readPublicIssuer(context, issuer) : undefined
  const keys = foundKeys(found?.jwks)
  const signature = keys === undefined ? undefined : await verifySignature(token, keys)
  const all = served === undefined || served instanceof PullpassError ? (keys ?? []) : [...served.keys, ...(keys ?? [])]
  return {
    token,
    where,
    found: { issuer, found, keys, hosts: [], token: { token, signature }, at: context.now() },
    cluster: withoutRevoked(served, memory),
    signedBy: isSignedByRevoked(token, all, memory) ? 'a revoked key' : 'unknown',
  }
}

function withoutRevoked(served: Own['served'], memory: KeyState): Own['served'] {
  if (served === undefined || served instanceof PullpassError) return served
  return { ...served, keys: served.keys.filter((key) => !isRevoked(memory, key)) }
}

/** By its kid, whether or not anybody serves or publishes the key still. */
function isSignedByRevoked({ keyId }: SubjectToken, keys: readonly IssuerKey[], memory: KeyState): boolean {
  if (keyId === undefined) return false
  const isNamed = memory.revocations.some(({ digest }) => digest === digestOf(keyId))
  return isNamed || keys.some((key) => key.keyId === keyId && isRevoked(memory, key))
}
