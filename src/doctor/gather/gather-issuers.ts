/** What a stranger reads at a token's issuer, what the cluster itself serves, and whether the keys fit the token. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { type ClusterIssuer, readClusterIssuer } from '../../issuer/cluster/read-cluster-issuer.ts'
import { checkIssuerUrl } from '../../issuer/documents/check-issuer-url.ts'
import type { IssuerKey } from '../../issuer/keys/issuer-key.ts'
import { type SignatureVerdict, verifySignature } from '../../issuer/keys/verify-signature.ts'
import { foundKeys } from '../../issuer/public/found-keys.ts'
import { type PublicIssuer, readPublicIssuer } from '../../issuer/public/read-public-issuer.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asFault } from '../../outside/as-fault.ts'
import type { Outside } from '../../outside/outside.ts'
import type { PullpassError } from '../../outside/pullpass-error.ts'

export interface IssuerFacts {
  readonly token: SubjectToken
  /** Where the token came from, for messages. */
  readonly where: string
  /** ISSUER_UNUSABLE: nobody could read it, so that it was not asked. */
  readonly unusable: PullpassError | undefined
  readonly found: PublicIssuer | undefined
  readonly keys: readonly IssuerKey[] | undefined
  /** By the published keys. */
  readonly signature: SignatureVerdict | undefined
  /** What the cluster serves of itself; why it was not read; undefined where it could not be asked. */
  readonly cluster: ClusterIssuer | PullpassError | undefined
}

type IssuerOutside = Pick<Outside, 'transport' | 'signal'>

/** One for each issuer and key among the tokens. */
export async function gatherIssuers(
  tokens: readonly { readonly token: SubjectToken; readonly where: string }[],
  cluster: Cluster | undefined,
  outside: IssuerOutside,
): Promise<IssuerFacts[]> {
  const distinct = new Map(tokens.map((one) => [JSON.stringify([one.token.issuer, one.token.keyId]), one]))
  if (distinct.size === 0) return []
  const served = cluster && (await readClusterIssuer(cluster).catch(asFault))
  return await Promise.all([...distinct.values()].map((one) => gatherIssuer(one, served, outside)))
}

async function gatherIssuer(
  { token, where }: { readonly token: SubjectToken; readonly where: string },
  cluster: IssuerFacts['cluster'],
  outside: IssuerOutside,
): Promise<IssuerFacts> {
  const unusable = checkIssuerUrl(token.issuer, `the issuer of ${where}`)
  const base = { token, where, unusable, cluster }
  if (unusable !== undefined) return { ...base, found: undefined, keys: undefined, signature: undefined }
  const found = await readPublicIssuer(outside, token.issuer)
  const { jwks } = found
  const keys = foundKeys(jwks)
  const signature = keys === undefined ? undefined : await verifySignature(token, keys)
  return { ...base, found, keys, signature }
}
