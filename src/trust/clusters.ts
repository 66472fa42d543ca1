/** The clusters of a trust set-up, with their issuers and keys. Connections stay open until closeClusters. */
import { createHash } from 'node:crypto'
import type { NamespacedName } from '../document/document.ts'
import { brokenRule, type TextRule } from '../document/field-rules.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context, Log } from '../http/context.ts'
import { connect } from '../kubernetes/connect.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type AbsentAccount, findAbsentAccount } from '../kubernetes/objects/request-token.ts'
import { readClusterIssuer } from '../oidc/cluster/cluster-issuer.ts'
import { sameKey } from '../oidc/keys.ts'
import { readUnrevokedIssuer } from '../publish/served-issuer.ts'
import type { ClusterIds, TrustedCluster, TrustNeed } from '../vendors/trust/contract.ts'

export interface GatheredCluster extends TrustedCluster {
  /** Undefined if it is not needed: a plan for a given issuer. */
  readonly connection: Cluster | undefined
}

/** The clusters to read. */
export interface ClustersRequest {
  readonly kubeconfig: string | undefined
  /** Contexts of the kubeconfig; empty: the current context. */
  readonly contexts: readonly string[]
  /** By context; a context without an entry uses the ids of the document. */
  readonly ids: ReadonlyMap<string, ClusterIds>
  /** Read from the cluster if undefined. */
  readonly issuer: string | undefined
  /** `for its issuer`: no connection if the issuer is given. */
  readonly connected: 'always' | 'for its issuer'
  /** ConfigMaps of the key state, which record revoked keys; empty: no keys are to be uploaded. */
  readonly keyStates: readonly NamespacedName[]
}

/** @throws USAGE_INVALID if two contexts are one cluster, and errors of the clusters */
export async function gatherClusters(request: ClustersRequest, context: Context): Promise<GatheredCluster[]> {
  const { issuer, kubeconfig, contexts, ids, connected, keyStates } = request
  const opened: Cluster[] = []
  const gather = async (name: string | undefined): Promise<GatheredCluster> => {
    const own: ClusterIds = ids.get(name ?? '') ?? { trustDomainId: undefined, issuerId: undefined }
    if (issuer !== undefined && connected === 'for its issuer') {
      return { name: issuer, issuer, keys: undefined, ...own, connection: undefined }
    }
    const connection = await connect({ kubeconfig, context: name }, context)
    opened.push(connection)
    if (issuer !== undefined) return { name: name ?? issuer, issuer, keys: undefined, ...own, connection }
    const read = await readIssuer(connection, keyStates, context)
    return { ...read, name: name ?? read.issuer, ...own, connection }
  }
  try {
    const clusters = await Promise.all((contexts.length === 0 ? [undefined] : contexts).map(gather))
    checkDistinct(clusters, context.log)
    return clusters
  } catch (fault) {
    await Promise.all(opened.map((connection) => connection.close())) // the caller does not receive them
    throw fault
  }
}

/** With the keys to upload: those of every API server, without the keys that a key state records as revoked. */
async function readIssuer(
  cluster: Cluster,
  keyStates: readonly NamespacedName[],
  { log }: Context,
): Promise<Pick<TrustedCluster, 'issuer' | 'keys' | 'servers' | 'isRevoked'>> {
  return keyStates.length === 0 ? await readClusterIssuer(cluster) : await readUnrevokedIssuer(cluster, keyStates, log)
}

export async function closeClusters(clusters: readonly GatheredCluster[]): Promise<void> {
  await Promise.all(clusters.map(async ({ connection }) => await connection?.close()))
}

type Signing = Pick<TrustedCluster, 'name' | 'issuer' | 'keys'>

/**
 * A kubeconfig often has two contexts for one cluster, with different users. Clusters with one issuer and no common key are different
 * clusters; this is logged.
 * @throws USAGE_INVALID
 * @internal
 */
export function checkDistinct(clusters: readonly Signing[], log: Log): void {
  for (const [index, cluster] of clusters.entries()) {
    const twin = clusters.slice(0, index).find(({ issuer }) => issuer === cluster.issuer)
    if (twin === undefined) continue
    const both = `the contexts ${twin.name} and ${cluster.name}`
    if (sharesKey(twin, cluster)) {
      throw new PullpassError({
        code: 'USAGE_INVALID',
        hop: 'run',
        seen: `${both} are one cluster: both sign as ${cluster.issuer}, with the same key`,
        expected: 'each cluster once',
        hint: 'kubectl config get-contexts lists the cluster of each context',
      })
    }
    log('warn', `${both} have one issuer and different keys: only uploaded keys distinguish them`, {
      issuer: cluster.issuer,
    })
  }
}

const sharesKey = ({ keys = [] }: Signing, other: Signing) =>
  keys.some((key) => (other.keys ?? []).some((one) => sameKey(one, key)))

const longest = 32
/** Digits of a hash that distinguish ids that would be equal otherwise. */
const digits = 6

/**
 * The name itself if it follows the rules, otherwise its lower-case letters, digits and "-", and six digits of its hash:
 * `gke_project_europe-west1_prod` becomes `gke-project-europe-west1-1d2c3b`. Without its first word where only that breaks a rule.
 */
export function idOfContext(context: string, rules: readonly TextRule[]): string {
  const isId = (text: string) => rules.every((rule) => brokenRule(rule, text) === undefined)
  if (isId(context)) return context
  const hash = createHash('sha256').update(context).digest('hex').slice(0, digits)
  const words = context
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  const ids = [words, words.slice(1)].map((some) => {
    const start = some
      .join('-')
      .slice(0, longest - digits - 1)
      .replace(/-$/, '')
    return `${start || 'cluster'}-${hash}`
  })
  return ids.find(isId) ?? `cluster-${hash}`
}

/** A service account whose tokens are to be exchanged and that does not exist yet: until then the set-up cannot be verified. */
export interface AbsentSubject extends AbsentAccount {
  readonly cluster: string
  /** NAMESPACE/NAME */
  readonly account: string
}

/** Each once; only of clusters with a connection. */
export async function findAbsentAccounts(
  needs: readonly TrustNeed[],
  clusters: readonly GatheredCluster[],
): Promise<AbsentSubject[]> {
  const found = clusters.flatMap(({ name: cluster, connection }) => {
    if (connection === undefined) return []
    const subjects = new Set(needs.filter((need) => need.cluster.name === cluster).map(({ subject }) => subject))
    return [...subjects].map(async (subject) => {
      const [, , namespace = '', name = ''] = subject.split(':')
      const absent = await findAbsentAccount(connection, { namespace, name })
      return absent === undefined ? [] : [{ ...absent, cluster, account: `${namespace}/${name}` }]
    })
  })
  return (await Promise.all(found)).flat()
}

/** One line that ends with the command. */
export const describeAbsent = ({ cluster, seen, command }: AbsentSubject): string =>
  `${seen} in cluster ${cluster}; create it: ${command}`
