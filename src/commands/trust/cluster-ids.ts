/**
 * The ids of each cluster's own pool, or in a shared pool of its own provider, made of its context's name or chosen.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create
 */
import { createHash } from 'node:crypto'
import { showValue } from '../../document/show-value.ts'
import type { TrustedCluster } from '../../trust/trusted-cluster.ts'
import { usageFault } from '../usage-fault.ts'

export type ClusterIds = Pick<TrustedCluster, 'poolId' | 'providerId'>

interface IdFlags {
  readonly context: readonly string[]
  /** CONTEXT=ID. */
  readonly 'pool-id': readonly string[]
  readonly 'provider-id': readonly string[]
  readonly 'share-pool': boolean
}

/** By context; a single context uses the document's ids unless others are chosen. @throws USAGE_INVALID */
export function clusterIds(command: string, flags: IdFlags): ReadonlyMap<string, ClusterIds> {
  const { context: contexts, 'share-pool': isShared } = flags
  const again = contexts.find((name, index) => contexts.indexOf(name) !== index)
  if (again !== undefined) throw usageFault(command, `--context ${again} is given twice`, 'each cluster once')
  if (isShared && flags['pool-id'].length > 0)
    throw usageFault(command, '--pool-id is given with --share-pool', "one of them: a shared pool is the document's")
  const poolIds = readIds(command, 'pool-id', flags)
  const providerIds = readIds(command, 'provider-id', flags)
  const several = contexts.length > 1
  const ids = new Map(
    contexts.map((name): [string, ClusterIds] => [
      name,
      {
        poolId: poolIds.get(name) ?? (several && !isShared ? idOfContext(name) : undefined),
        providerId: providerIds.get(name) ?? (several && isShared ? idOfContext(name) : undefined),
      },
    ]),
  )
  const own = isShared ? 'providerId' : 'poolId'
  const taken = [...ids].find(([name, { [own]: id }]) =>
    [...ids].some(([other, one]) => other !== name && one[own] === id),
  )
  if (several && taken !== undefined) {
    const what = isShared ? 'provider' : 'pool'
    throw usageFault(command, `two contexts have the ${what} ${taken[1][own]}`, `a ${what} for each cluster`)
  }
  return ids
}

function readIds(command: string, flag: 'pool-id' | 'provider-id', flags: IdFlags): ReadonlyMap<string, string> {
  const ids = new Map(flags[flag].map((pair) => parsePair(pair, flag, command)))
  const stray = [...ids.keys()].find((name) => !flags.context.includes(name))
  if (stray === undefined) return ids
  throw usageFault(command, `--${flag} names the context ${stray}`, 'one that --context names, too')
}

/** A context's name may hold "=", an id never. */
function parsePair(pair: string, flag: string, command: string): [context: string, id: string] {
  const at = pair.lastIndexOf('=')
  const id = pair.slice(at + 1)
  if (at > 0 && form.test(id)) return [pair.slice(0, at), id]
  throw usageFault(
    command,
    `--${flag} is ${showValue(pair)}`,
    'CONTEXT=ID, an id of 4 to 32 lower-case letters, digits and "-"',
  )
}

/** As Google takes ids; it keeps `gcp-` for itself. */
const form = /^(?!gcp-)[a-z0-9-]{4,32}$/
const longest = 32
/** Digits of a hash that tell apart what was made alike. */
const digits = 6

/**
 * The name itself where it is an id; else its lower-case letters, digits and "-", and six digits of its hash:
 * `gke_project_europe-west1_prod` becomes `gke-project-europe-west1-1d2c3b`.
 */
export function idOfContext(context: string): string {
  if (form.test(context)) return context
  const hash = createHash('sha256').update(context).digest('hex').slice(0, digits)
  const words = context.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const start = words
    .replace(/^-+/, '')
    .replace(/^gcp-/, '')
    .slice(0, longest - digits - 1)
  return `${start.replace(/-$/, '') || 'cluster'}-${hash}`
}
