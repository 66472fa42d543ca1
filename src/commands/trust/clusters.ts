/** The clusters that are meant, with what each says of its issuer; connections stay open until they are closed. */
import { createHash } from 'node:crypto'
import type { NamespacedName } from '../../document/document.ts'
import { brokenRule, type TextRule } from '../../document/field-rules.ts'
import { showValue } from '../../document/show-value.ts'
import type { Context, Log } from '../../http/context.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type AbsentAccount, findAbsentAccount } from '../../kubernetes/objects/request-token.ts'
import { readClusterIssuer } from '../../oidc/cluster/cluster-issuer.ts'
import { sameKey } from '../../oidc/keys.ts'
import { readUnrevokedIssuer } from '../../publish/served-issuer.ts'
import type { ClusterIds, TrustedCluster, TrustNeed } from '../../vendors/trust-contract.ts'
import { type FlagValues, usageFault } from '../flag.ts'
import type { TrustFlags } from './flags.ts'

export interface GatheredCluster extends TrustedCluster {
  /** Undefined where nobody needs it: a plan for an issuer that was named. */
  readonly connection: Cluster | undefined
}

export interface GatherWanted {
  /** For messages: `trust plan`. */
  readonly command: string
  /** Whether the cluster itself is needed beside its issuer. */
  readonly connected: 'always' | 'for its issuer'
  /** Where it is remembered what was revoked; empty: the keys are not to be uploaded. */
  readonly memories: readonly NamespacedName[]
  /** Of the vendors of the documents: how they form the ids of what clusters must not share. */
  readonly idRules: readonly TextRule[]
}

type Flags = Pick<
  FlagValues<TrustFlags>,
  'context' | 'kubeconfig' | 'issuer' | 'pool-id' | 'provider-id' | 'share-pool'
>

/** @throws USAGE_INVALID and what a cluster throws */
export async function gatherClusters(flags: Flags, wanted: GatherWanted, context: Context): Promise<GatheredCluster[]> {
  const { command } = wanted
  const ids = clusterIds(command, flags, wanted.idRules)
  const contexts = flags.context.length === 0 ? [undefined] : flags.context
  if (flags.issuer !== undefined && contexts.length > 1) {
    throw usageFault(command, '--issuer stands beside several contexts', 'one cluster: each has an issuer of its own')
  }
  const opened: Cluster[] = []
  const gather = async (chosen: string | undefined): Promise<GatheredCluster> => {
    const { issuer, kubeconfig } = flags
    const own: ClusterIds = ids.get(chosen ?? '') ?? { trustDomainId: undefined, issuerId: undefined }
    if (issuer !== undefined && wanted.connected === 'for its issuer') {
      return { name: issuer, issuer, keys: undefined, ...own, connection: undefined }
    }
    const connection = await connect({ kubeconfig, context: chosen }, context)
    opened.push(connection)
    if (issuer !== undefined) return { name: chosen ?? issuer, issuer, keys: undefined, ...own, connection }
    const said = await readIssuer(connection, wanted.memories, context)
    return { ...said, name: chosen ?? said.issuer, ...own, connection }
  }
  try {
    const clusters = await Promise.all(contexts.map(gather))
    checkDistinct(clusters, command, context.log)
    return clusters
  } catch (fault) {
    await Promise.all(opened.map((connection) => connection.close())) // nobody gets them to close
    throw fault
  }
}

/** To be uploaded: the keys of every API server, without those that any of the memories knows to be revoked. */
async function readIssuer(
  cluster: Cluster,
  memories: readonly NamespacedName[],
  { log }: Context,
): Promise<Pick<TrustedCluster, 'issuer' | 'keys' | 'servers' | 'isRevoked'>> {
  return memories.length === 0 ? await readClusterIssuer(cluster) : await readUnrevokedIssuer(cluster, memories, log)
}

export async function closeClusters(clusters: readonly GatheredCluster[]): Promise<void> {
  await Promise.all(clusters.map(async ({ connection }) => await connection?.close()))
}

/** Several contexts are to be several clusters: one kubeconfig often has two for one, of two users. */
type Signing = Pick<TrustedCluster, 'name' | 'issuer' | 'keys'>

/** Two that sign by one name and share no key are two clusters all the same, and it is said. @throws USAGE_INVALID */
export function checkDistinct(clusters: readonly Signing[], command: string, log: Log): void {
  for (const [index, cluster] of clusters.entries()) {
    const twin = clusters.slice(0, index).find(({ issuer }) => issuer === cluster.issuer)
    if (twin === undefined) continue
    const both = `the contexts ${twin.name} and ${cluster.name}`
    if (sharesKey(twin, cluster)) {
      throw usageFault(
        command,
        `${both} are one cluster: both sign as ${cluster.issuer}, with the same key`,
        'each cluster once',
      )
    }
    log('warn', `${both} sign by one name with different keys: only uploaded keys tell them apart`, {
      issuer: cluster.issuer,
    })
  }
}

const sharesKey = ({ keys = [] }: Signing, other: Signing) =>
  keys.some((key) => (other.keys ?? []).some((one) => sameKey(one, key)))

/** Ids of each cluster's trust domain, or in a shared one of its issuer: derived from its context's name, or chosen. */
interface IdFlags {
  readonly context: readonly string[]
  /** CONTEXT=ID. */
  readonly 'pool-id': readonly string[]
  readonly 'provider-id': readonly string[]
  readonly 'share-pool': boolean
}

/** By context; a single context uses the document's ids unless others are chosen. @throws USAGE_INVALID */
export function clusterIds(
  command: string,
  flags: IdFlags,
  rules: readonly TextRule[],
): ReadonlyMap<string, ClusterIds> {
  const { context: contexts, 'share-pool': isShared } = flags
  const again = contexts.find((name, index) => contexts.indexOf(name) !== index)
  if (again !== undefined) throw usageFault(command, `--context ${again} is given twice`, 'each cluster once')
  if (isShared && flags['pool-id'].length > 0)
    throw usageFault(command, '--pool-id is given with --share-pool', "one of them: a shared pool is the document's")
  const trustDomainIds = readIds(command, 'pool-id', flags, rules)
  const issuerIds = readIds(command, 'provider-id', flags, rules)
  const several = contexts.length > 1
  const ids = new Map(
    contexts.map((name): [string, ClusterIds] => [
      name,
      {
        trustDomainId: trustDomainIds.get(name) ?? (several && !isShared ? idOfContext(name, rules) : undefined),
        issuerId: issuerIds.get(name) ?? (several && isShared ? idOfContext(name, rules) : undefined),
      },
    ]),
  )
  const own = isShared ? 'issuerId' : 'trustDomainId'
  const taken = [...ids].find(([name, { [own]: id }]) =>
    [...ids].some(([other, one]) => other !== name && one[own] === id),
  )
  if (several && taken !== undefined) {
    const what = isShared ? 'provider' : 'pool'
    throw usageFault(command, `two contexts have the ${what} ${taken[1][own]}`, `a ${what} for each cluster`)
  }
  return ids
}

function readIds(
  command: string,
  flag: 'pool-id' | 'provider-id',
  flags: IdFlags,
  rules: readonly TextRule[],
): ReadonlyMap<string, string> {
  const ids = new Map(flags[flag].map((pair) => parsePair(pair, { flag, command, rules })))
  const stray = [...ids.keys()].find((name) => !flags.context.includes(name))
  if (stray === undefined) return ids
  throw usageFault(command, `--${flag} names the context ${stray}`, 'one that --context names, too')
}

/** A context's name may hold "=", an id never. */
function parsePair(
  pair: string,
  { flag, command, rules }: { readonly flag: string; readonly command: string; readonly rules: readonly TextRule[] },
): [context: string, id: string] {
  const at = pair.lastIndexOf('=')
  const id = pair.slice(at + 1)
  const broken = rules.map((rule) => brokenRule(rule, id)).find((expected) => expected !== undefined)
  if (at > 0 && broken === undefined) return [pair.slice(0, at), id]
  throw usageFault(command, `--${flag} is ${showValue(pair)}`, `CONTEXT=ID, ${broken ?? 'with the name of a context'}`)
}

const longest = 32
/** Digits of a hash that tell apart what would be the same otherwise. */
const digits = 6

/**
 * The name itself where it follows the rules; else its lower-case letters, digits and "-", and six digits of its hash:
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

/** Service accounts whose tokens are to be exchanged, and which do not exist yet: trust can be made before them, and proves nothing. */
export interface AbsentSubject extends AbsentAccount {
  readonly cluster: string
  /** NAMESPACE/NAME */
  readonly account: string
}

/** Each once; of a cluster that is not asked nothing is known. */
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

/** One line, at its end the command. */
export const describeAbsent = ({ cluster, seen, command }: AbsentSubject): string =>
  `${seen} in cluster ${cluster}; make it: ${command}`
