/** Issuer metadata as anonymous clients read it and as the cluster serves it, and which of its keys were revoked. */

import { type Document, defaultKeyStateRef, type NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type ClusterIssuer, readClusterIssuer } from '../../oidc/cluster/cluster-issuer.ts'
import { checkIssuerUrl } from '../../oidc/issuer-url.ts'
import { type IssuerKey, verifySignature } from '../../oidc/keys.ts'
import { managedServiceOf } from '../../oidc/managed-service.ts'
import {
  gatherPublicFacts,
  type HostFacts,
  openPublicContext,
  type PublicFacts,
} from '../../oidc/public/public-facts.ts'
import { foundKeys, readPublicIssuer } from '../../oidc/public/public-issuer.ts'
import { digestOf, emptyKeyState, isRevoked, type KeyState, readKeyState } from '../../publish/key-state.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import { defineSource, type Source } from '../hop.ts'
import { clusterSource } from './cluster.ts'
import { exchangesSource } from './exchanges.ts'
import { admissionsSource, isToken, tokensSource, whereOf } from './tokens.ts'

export interface IssuerFacts {
  readonly token: SubjectToken
  /** Where the token came from, for messages. */
  readonly where: string
  /** As anonymous clients read it; its servers are not checked. */
  readonly found: PublicFacts
  /** As the cluster serves it, without revoked keys; or why it could not be read; undefined without a cluster. */
  readonly cluster: ClusterIssuer | PullpassError | undefined
  /** `unknown`: no revocations are recorded, or they may not be read. */
  readonly signedBy: 'a revoked key' | 'unknown'
}

/** One for each issuer and key of the tokens. */
export const issuersSource: Source<readonly IssuerFacts[]> = defineSource({
  needs: { cluster: clusterSource, tokens: tokensSource, admissions: admissionsSource },
  step: { hops: ['discovery', 'key', 'signature'], of: "the token's issuer" },
  otherwise: [],
  async gather({ cluster, tokens, admissions }, { request, observed }) {
    const read = tokens.flatMap(({ got, from }, index) =>
      isToken(got) ? [{ token: admissions[index]?.token ?? got, where: whereOf(from) }] : [],
    )
    const distinct = new Map(read.map((one) => [JSON.stringify([one.token.issuer, one.token.keyId]), one]))
    if (distinct.size === 0) return []
    const own = await gatherOwn(request.documents, cluster?.cluster)
    return await Promise.all([...distinct.values()].map((one) => gatherIssuer(one, own, observed)))
  },
})

interface ReadToken {
  readonly token: SubjectToken
  readonly where: string
}

interface Own {
  readonly served: ClusterIssuer | PullpassError | undefined
  readonly keyState: KeyState
}

/** Without permission to read what was revoked, nothing is reported of it: the commands that publish report that. */
async function gatherOwn(documents: readonly Document[], cluster: Cluster | undefined): Promise<Own> {
  if (cluster === undefined) return { served: undefined, keyState: emptyKeyState }
  const { keyStateRef } = publicationOf(documents)
  const [served, keyState] = await Promise.all([
    readClusterIssuer(cluster).catch(asFault),
    readKeyState(cluster, keyStateRef).catch(asFault),
  ])
  return { served, keyState: keyState instanceof PullpassError ? emptyKeyState : keyState }
}

async function gatherIssuer(
  { token, where }: ReadToken,
  { served, keyState }: Own,
  context: Pick<VendorContext, 'transport' | 'signal' | 'now' | 'vendors'>,
): Promise<IssuerFacts> {
  const { issuer } = token
  const isUsable = checkIssuerUrl(issuer, 'the issuer') === undefined
  const found = isUsable ? await readPublicIssuer(context, issuer) : undefined
  const keys = foundKeys(found?.jwks)
  const signature = keys === undefined ? undefined : await verifySignature(token, keys)
  const all = served === undefined || served instanceof PullpassError ? (keys ?? []) : [...served.keys, ...(keys ?? [])]
  return {
    token,
    where,
    found: {
      issuer,
      managedService: managedServiceOf(issuer, context.vendors),
      found,
      keys,
      hosts: [],
      token: { token, signature },
      at: context.now(),
    },
    cluster: withoutRevoked(served, keyState),
    signedBy: isSignedByRevoked(token, all, keyState) ? 'a revoked key' : 'unknown',
  }
}

function withoutRevoked(served: Own['served'], keyState: KeyState): Own['served'] {
  if (served === undefined || served instanceof PullpassError) return served
  return { ...served, keys: served.keys.filter((key) => !isRevoked(keyState, key)) }
}

/** By its kid, even if the key is no longer served or published. */
function isSignedByRevoked({ keyId }: SubjectToken, keys: readonly IssuerKey[], keyState: KeyState): boolean {
  if (keyId === undefined) return false
  const isNamed = keyState.revocations.some(({ digest }) => digest === digestOf(keyId))
  return isNamed || keys.some((key) => key.keyId === keyId && isRevoked(keyState, key))
}

/**
 * By issuer: the servers of its documents, where they may be the reason that a vendor cannot read them: an untrusted
 * certificate, or documents that are read here while the vendor reports that it cannot reach them.
 */
export type HostsByIssuer = ReadonlyMap<string, readonly HostFacts[]>

export const hostsSource: Source<HostsByIssuer> = defineSource({
  needs: { issuers: issuersSource, exchanges: exchangesSource },
  step: { hops: ['discovery'], of: "the server of the issuer's documents" },
  otherwise: new Map(),
  async gather({ issuers, exchanges }, { context }) {
    const isUnreached = exchanges.some(
      ({ result }) => result instanceof PullpassError && result.code === 'ISSUER_UNREACHABLE',
    )
    const suspect = issuers.filter((facts) => (isUnreached && facts.found.keys !== undefined) || isUntrusted(facts))
    const hosts = suspect.map(async ({ found: { issuer } }) => {
      const facts = await gatherPublicFacts(openPublicContext(context), issuer)
      return [issuer, facts.hosts] as const
    })
    return new Map(await Promise.all(hosts))
  },
})

const isUntrusted = ({ found: { found } }: IssuerFacts): boolean =>
  [found?.discovery, found?.jwks].some(
    (document) => document?.kind === 'unavailable' && document.fault.code === 'CERTIFICATE_UNTRUSTED',
  )

/** Where the documents state that their issuer is published, and where its key state is stored. */
export interface NamedPublication {
  /** The URL of a target; undefined where no document states it. */
  readonly to: string | undefined
  /** `keys`: the vendor of `to` stores the keys, and nothing is public there. */
  readonly publishes: 'documents' | 'keys'
  /** Where the issuer is not the URL at which the target is read. */
  readonly url: string | undefined
  readonly keyStateRef: NamespacedName
}

/** By the first document that states it. */
export function publicationOf(documents: readonly Document[]): NamedPublication {
  const issuer = documents.find((document) => document.issuer !== undefined)?.issuer
  return {
    to: issuer?.publishTo,
    publishes: issuer?.publishes ?? 'documents',
    url: issuer?.url,
    keyStateRef: issuer?.keyStateRef ?? defaultKeyStateRef,
  }
}

/** Whether all of the documents' keys are kept by vendors, so that none need be public. */
export const areKeysUploaded = (documents: readonly Document[]): boolean =>
  documents.every(
    ({ issuer, registries }) =>
      issuer?.publishes === 'keys' || registries.every(({ keysUploaded }) => keysUploaded === true),
  )
