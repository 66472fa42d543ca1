/** The flags of leader election, and the election of this process. */
import type { NamespacedName } from '../../document/document.ts'
import { connect, readPodNamespace } from '../../kubernetes/connect.ts'
import { LeaderElection } from '../../server/leader-election.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import { type Flag, type FlagValues, usageFault } from '../command-line/flag.ts'
import { type clusterFlags, parseNamespacedName } from '../command-line/flags.ts'

export const electionFlags: {
  readonly lease: Flag & { type: 'string' }
  readonly 'no-leader-election': Flag & { type: 'boolean' }
} = {
  lease: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Lease that the leading replica holds (default: pullpass-controller in the namespace of the Pod)',
  },
  'no-leader-election': { type: 'boolean', summary: 'Lead without a Lease: only where no other replica runs' },
}

const defaultName = 'pullpass-controller'

/** Undefined: this is the only replica; `default`: that of the namespace of the Pod. @throws USAGE_INVALID */
export function readLeaseFlags(given: FlagValues<typeof electionFlags>): NamespacedName | 'default' | undefined {
  const { lease, 'no-leader-election': alone } = given
  if (alone && lease !== undefined)
    throw usageFault('controller', '--lease is given with --no-leader-election', 'one of them')
  if (alone) return undefined
  return lease === undefined ? 'default' : parseNamespacedName(lease, '--lease', 'controller')
}

/** @throws USAGE_INVALID outside of a Pod */
export async function defaultLease(
  podNamespace: () => Promise<string | undefined> = readPodNamespace,
): Promise<NamespacedName> {
  const namespace = await podNamespace()
  if (namespace !== undefined) return { namespace, name: defaultName }
  throw usageFault(
    'controller',
    '--lease is not given, and this is no Pod, whose namespace is the default',
    `--lease NAMESPACE/${defaultName} for several replicas, or --no-leader-election for a single one`,
  )
}

export interface OpenElection {
  readonly election: LeaderElection
  readonly close: () => Promise<void>
}

/** Over a connection of its own, which does not end with the run: the Lease is released after the last write. */
export async function openElection(
  given: FlagValues<typeof clusterFlags>,
  lease: NamespacedName,
  context: VendorContext,
): Promise<OpenElection> {
  const cluster = await connect(given, { ...context, signal: new AbortController().signal })
  const { environment, random } = context
  const suffix = [random(), random()].map((one) => Math.floor(one * 2 ** 32).toString(16)).join('')
  const identity = `${(environment['HOSTNAME'] ?? 'pullpass').slice(0, 63)}_${suffix}`
  const election = new LeaderElection({ cluster, lease, identity, elapsedMs: () => performance.now() }, context)
  return { election, close: async () => await cluster.close() }
}
