/**
 * A cluster's issuer with the keys of all API servers, since tokens of each of them are in use. The API server at the
 * cluster's own address comes first, since it issues the requested tokens.
 */

import type { NamespacedName } from '../document/document.ts'
import { asFault, fixOf, PullpassError, withoutFaults } from '../errors/pullpass-error.ts'
import type { Log } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ApiServerResponses, queryApiServers } from '../oidc/cluster/api-servers.ts'
import { type ClusterIssuer, readClusterIssuer } from '../oidc/cluster/cluster-issuer.ts'
import { type IssuerKey, mergeKeys } from '../oidc/keys.ts'
import { isRevoked, readKeyState } from './key-state.ts'

export interface ServedIssuer {
  /** What `iss` of its tokens is; where they differ, of the one at the cluster's own address. */
  readonly issuer: string
  /** Of two with one kid, the one that is served at the cluster's own address. */
  readonly keys: readonly IssuerKey[]
}

export interface QueriedIssuer extends ServedIssuer {
  /** `some`: keys of an API server that could not be queried may be missing. */
  readonly servers: 'all' | 'some'
}

/** A person waits for it, perhaps where no API server's own address can be reached. */
const timeoutMs = 4_000

/**
 * `replicas` empty: those that the cluster lists. An API server that does not respond is logged, and its keys are
 * missing: keys that were uploaded or published before must be kept.
 * @throws what reading the documents throws, where no API server gave them
 */
export async function readServedIssuer(cluster: Cluster, replicas: readonly URL[], log: Log): Promise<QueriedIssuer> {
  const [own, queried] = await Promise.all([
    readClusterIssuer(cluster).catch(asFault),
    queryApiServers(cluster, replicas, {
      query: async (replica, from) => ({ from, documents: await readClusterIssuer(replica).catch(asFault) }),
      isRead: ({ documents }) => !(documents instanceof PullpassError),
      timeoutMs,
    }),
  ])
  const read = withoutFaults([own, ...queried.responses.map(({ documents }) => documents)])
  const [first] = read
  if (first === undefined) throw own
  const servers = logUnread(queried, log)
  return { issuer: first.issuer, keys: mergeKeys(...read.map(({ keys }) => keys)), servers }
}

type DocumentsResponse = { readonly from: string; readonly documents: ClusterIssuer | PullpassError }

function logUnread(
  { responses, queried, fault }: ApiServerResponses<DocumentsResponse>,
  log: Log,
): QueriedIssuer['servers'] {
  const unread = responses.flatMap(({ from, documents }) =>
    documents instanceof PullpassError ? [{ from, seen: documents.seen }] : [],
  )
  if (fault !== undefined) {
    const fields = { seen: fault.seen, fix: fixOf(fault) ?? '' }
    log('warn', 'the addresses of the API servers are unknown: one was queried, and keys of others are missing', fields)
    return 'some'
  }
  if (queried === 'each') {
    for (const one of unread)
      log('warn', 'an API server could not be queried: keys that only it serves are missing', one)
    return unread.length === 0 ? 'all' : 'some'
  }
  // Where only one is listed, the one that responds is that one.
  if (unread.length < 2) return 'all'
  log('warn', 'the API servers could not be queried one by one: one was, and keys of others are missing', unread[0])
  return 'some'
}

/** A cluster's issuer with the keys that a cloud may believe: those of every API server, without what was revoked. */
interface UnrevokedIssuer extends QueriedIssuer {
  /** By any of the key states; also of a key that is published already. */
  readonly isRevoked: (key: IssuerKey) => boolean
}

/**
 * For commands that upload or register keys once, without watching. A revoked key that an API server still serves is excluded,
 * under any kid; if one of `keyStates` cannot be read, the revocations are unknown, and this throws. An API server that does
 * not respond is logged, and its keys are missing: callers add these keys, and remove none.
 * @throws what reading the documents throws, if no API server returned them; what reading the key state throws
 */
export async function readUnrevokedIssuer(
  cluster: Cluster,
  keyStates: readonly NamespacedName[],
  log: Log,
): Promise<UnrevokedIssuer> {
  const recorded = await Promise.all(keyStates.map((configMap) => readKeyState(cluster, configMap)))
  const { keys, ...served } = await readServedIssuer(cluster, [], log)
  const known = (key: IssuerKey) => recorded.some((keyState) => isRevoked(keyState, key))
  return { ...served, keys: keys.filter((key) => !known(key)), isRevoked: known }
}
