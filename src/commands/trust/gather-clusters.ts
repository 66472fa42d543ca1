/** The clusters that are meant, with what each says of its issuer; connections stay open until they are closed. */

import { issuerMemory } from '../../document/issuer-memory.ts'
import { showValue } from '../../document/show-value.ts'
import { readClusterIssuer } from '../../issuer/cluster/read-cluster-issuer.ts'
import type { IssuerKey } from '../../issuer/keys/issuer-key.ts'
import { isRevoked } from '../../issuer/memory/is-revoked.ts'
import { memoryOrNone } from '../../issuer/memory/memory-or-none.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Outside } from '../../outside/outside.ts'
import { isProviderId, providerIdOfContext } from '../../trust/provider-id-of-context.ts'
import type { TrustedCluster } from '../../trust/trusted-cluster.ts'
import type { FlagValues } from '../flag.ts'
import { usageFault } from '../usage-fault.ts'
import type { TrustFlags } from './trust-flags.ts'

export interface GatheredCluster extends TrustedCluster {
  /** Undefined where nobody needs it: a plan for an issuer that was named. */
  readonly connection: Cluster | undefined
}

type Wanted = Pick<FlagValues<TrustFlags>, 'context' | 'kubeconfig' | 'issuer' | 'provider-id'>

/** `command`: `trust plan`; `connected`: whether the cluster itself is needed beside its issuer; `uploaded`: whether its keys are. @throws USAGE_INVALID and what a cluster throws */
export async function gatherClusters(
  command: string,
  flags: Wanted,
  { connected, uploaded }: { readonly connected: 'always' | 'for its issuer'; readonly uploaded: 'keys' | 'nothing' },
  outside: Outside,
): Promise<GatheredCluster[]> {
  const ids = providerIds(command, flags)
  const contexts = flags.context.length === 0 ? [undefined] : [...new Set(flags.context)]
  if (flags.issuer !== undefined && contexts.length > 1) {
    throw usageFault(command, '--issuer stands beside several contexts', 'one cluster: each has an issuer of its own')
  }
  return await Promise.all(
    contexts.map(async (context) => {
      const providerId = context === undefined ? undefined : ids.get(context)
      if (flags.issuer !== undefined && connected === 'for its issuer') {
        return { name: flags.issuer, issuer: flags.issuer, keys: undefined, providerId, connection: undefined }
      }
      const connection = await connect({ kubeconfig: flags.kubeconfig, context }, outside)
      if (flags.issuer !== undefined) {
        return { name: context ?? flags.issuer, issuer: flags.issuer, keys: undefined, providerId, connection }
      }
      const { issuer, keys: served } = await readClusterIssuer(connection)
      const keys = uploaded === 'keys' ? await unrevoked(served, connection, outside) : served
      return { name: context ?? issuer, issuer, keys, providerId, connection }
    }),
  )
}

/** A leaked key that the cluster still serves is not uploaded again. */
async function unrevoked(served: readonly IssuerKey[], cluster: Cluster, { log }: Outside): Promise<IssuerKey[]> {
  const memory = await memoryOrNone(cluster, issuerMemory, log)
  return served.filter((key) => !isRevoked(memory, key))
}

export async function closeClusters(clusters: readonly GatheredCluster[]): Promise<void> {
  await Promise.all(clusters.map(async ({ connection }) => await connection?.close()))
}

/** None for one context alone: the document names its provider. */
function providerIds(command: string, { context, 'provider-id': given }: Wanted): ReadonlyMap<string, string> {
  const contexts = [...new Set(context)]
  const named = new Map(given.map((pair) => parsePair(pair, command)))
  const stray = [...named.keys()].find((name) => !contexts.includes(name))
  if (stray !== undefined)
    throw usageFault(command, `--provider-id names the context ${stray}`, 'one that --context names, too')
  const ids = new Map(
    contexts
      .filter((name) => contexts.length > 1 || named.has(name))
      .map((name) => [name, named.get(name) ?? providerIdOfContext(name)]),
  )
  const twice = [...ids].find(([name, id]) => [...ids].some(([other, one]) => other !== name && one === id))
  if (twice !== undefined)
    throw usageFault(command, `two contexts have the provider ${twice[1]}`, 'a provider for each cluster')
  return ids
}

/** A context's name may hold "=", an id never. */
function parsePair(pair: string, command: string): [context: string, id: string] {
  const at = pair.lastIndexOf('=')
  const id = pair.slice(at + 1)
  if (at > 0 && isProviderId(id)) return [pair.slice(0, at), id]
  throw usageFault(
    command,
    `--provider-id is ${showValue(pair)}`,
    'CONTEXT=ID, an id of 4 to 32 lower-case letters, digits and "-"',
  )
}
