/** What exists while this replica leads: a replica that leads again begins as after a restart. */
import type { ResourceType } from '../document/custom-resource.ts'
import { isOfTenants } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { requestRetried } from '../http/retry.ts'
import type { Transport } from '../http/transport.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { StuckPod } from '../kubernetes/objects/pending-pods.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import { credentialMinted, type MintSource, mintCredentials } from '../refresh/mint-credentials.ts'
import { guardWrites, type LeaderElection } from '../server/leader-election.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { type CachedCredential, Credentials, timedExchange } from './credentials.ts'
import type { CustomResource } from './custom-resources.ts'
import { SecretDeletions } from './deletions/delete-secrets.ts'
import { Detachments } from './deletions/detach-accounts.ts'
import { type ControllerEvents, createControllerEvents } from './events.ts'
import { PodEvictions } from './evictions/evict-pods.ts'
import { type IssuerTrust, IssuerWatches } from './issuer/issuer-watches.ts'
import { documentsOf, evictableFor, expiryOf, type Known, resourceFacts } from './known.ts'
import type { ControllerStatus } from './status.ts'
import { restrictExchange } from './tenants/endpoints.ts'
import type { TenantLimits } from './tenants/limits.ts'
import type { ClusterView } from './watch-cluster.ts'
import { keyOf, type WorkItem, WorkQueue } from './work-queue.ts'
import { StatusWriter } from './write-statuses.ts'

export interface Work {
  readonly queue: WorkQueue<WorkItem>
  readonly credentials: Credentials
  readonly events: ControllerEvents
  readonly statuses: Statuses
  readonly evictions: PodEvictions
  readonly deletions: SecretDeletions
  readonly detachments: Detachments
  readonly issuers: IssuerWatches
  readonly cluster: Cluster
  readonly context: VendorContext
  /** Whether each Secret was examined once in this term. */
  examined: boolean
}

type Statuses = Pick<StatusWriter, 'changed' | 'run'>

/** Thousands of statuses of tenants do not delay those of ClusterPullSecrets. */
const joinWriters = (ofCluster: StatusWriter, ofTenants: StatusWriter): Statuses => ({
  changed(document) {
    if (document === undefined || !isOfTenants(document)) ofCluster.changed(document)
    if (document === undefined || isOfTenants(document)) ofTenants.changed(document)
  },
  run: async () => await Promise.race([ofCluster.run(), ofTenants.run()]),
})

/** What a term works on. */
interface WorkSource {
  readonly cluster: Cluster
  readonly source: MintSource
  readonly election?: LeaderElection | undefined
  readonly tenants?: TenantLimits | undefined
  readonly issuerTrust: IssuerTrust
  readonly view: ClusterView
  readonly status: ControllerStatus
  readonly reconcile: (item: WorkItem) => Promise<Date | undefined>
  /** Everything that was queued was reconciled. */
  readonly onIdle: () => void
  /** Those that have a status. */
  readonly resources: () => Iterable<CustomResource>
  readonly known: () => Known
  /** A failure that no retry can continue from. */
  readonly onEnd: (error: unknown) => void
}

function contextOf(permit: () => void, { transport, log: write, ...others }: VendorContext): VendorContext {
  const guarded: Transport = async (request) => {
    permit() // an exchange of a replica that no longer leads would be one too many
    return await transport(request)
  }
  const log: VendorContext['log'] = (level, sentence, fields) =>
    // The result of an exchange is logged, a failure once: its attempts, during an outage, would be hundreds of lines an hour.
    write([requestRetried, credentialMinted].includes(sentence) ? 'debug' : level, sentence, fields)
  return { ...others, transport: guarded, log }
}

/** `permit` throws where this replica may no longer write; the signal of the context ends the term. */
export function createWork(
  {
    cluster: anyCluster,
    source,
    election,
    tenants,
    issuerTrust,
    view,
    status,
    reconcile,
    onIdle,
    resources,
    known,
    onEnd,
  }: WorkSource,
  permit: () => void,
  outer: VendorContext,
): Work {
  const context = contextOf(permit, outer)
  const cluster = guardWrites(anyCluster, permit)
  const queue = new WorkQueue(reconcile, keyOf, context, { onIdle })
  const events = createControllerEvents(cluster, election?.lease, context, onEnd)
  const onChange = (request: ExchangeRequest) => {
    for (const document of documentsOf(request, known())) statuses.changed(document)
  }
  const onExchange = (request: ExchangeRequest, result: CachedCredential | PullpassError) => {
    status.exchanged(request, result)
    onChange(request)
    if (result instanceof PullpassError) events.exchangeFailed(request, result, expiryOf(request, known()))
  }
  const queueItem = (item: WorkItem) => queue.add(item)
  const exchange = async (requests: readonly ExchangeRequest[]) => {
    const timed = requests.map((request) =>
      timedExchange(restrictExchange(request, tenants?.endpoints ?? []), status, context),
    )
    return await mintCredentials(timed, source, cluster, context)
  }
  const credentials = new Credentials(exchange, { queue: queueItem, onExchange, onLimited: onChange, onEnd }, context)
  const factsOf = (resource: CustomResource) => resourceFacts(resource, { credentials, evictions }, known())
  const onWritten = (resource: CustomResource) => events.evaluated(resource)
  const writerOf = (scope: ResourceType['scope']) => {
    const ofScope = () => [...resources()].filter(({ type }) => type.scope === scope)
    return new StatusWriter({ resources: ofScope, factsOf, onWritten }, cluster, status, context)
  }
  const statuses = joinWriters(writerOf('Cluster'), writerOf('Namespaced'))
  const pending = {
    pendingPods: () => view.pendingPods(),
    evictableFor: (pod: StuckPod) => evictableFor(pod, known()),
  }
  const evictions = new PodEvictions(pending, { cluster, events, status, statuses }, context)
  const deletions = new SecretDeletions(view, { cluster, events, status }, context)
  const detachments = new Detachments({ cluster, status }, context)
  const issuers = new IssuerWatches(cluster, issuerTrust, onEnd, context)
  const parts = { queue, credentials, events, evictions, deletions, detachments, statuses, issuers }
  return { ...parts, cluster, context, examined: false }
}
