/**
 * Writes the status of each custom resource when it differs from the stored one:
 *
 *   changed ─▶ 1 s, so that what changes together is written together ─▶ evaluate ─▶ apply those that differ ─▶ 4 s
 *
 * So an object is written at most every five seconds, whatever the number of its namespaces. Of PullSecrets, a round has at most 20 of
 * each namespace; others wait for the next one, so that thousands of one tenant do not delay those of others.
 */
import type { ResourceStatus } from '../document/custom-resource.ts'
import { asFault } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { readStatus } from '../kubernetes/connection/api-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { collectionPath } from '../kubernetes/objects/api-object.ts'
import { metadataOfOne } from '../kubernetes/objects/list.ts'
import { runConcurrently } from '../refresh/run-concurrently.ts'
import type { CustomResource } from './custom-resources.ts'
import { evaluateStatus, isEvaluated, isStored, type ResourceFacts } from './resource-status.ts'
import type { ControllerStatus } from './status.ts'

export interface StatusSource {
  readonly resources: () => Iterable<CustomResource>
  readonly factsOf: (resource: CustomResource) => ResourceFacts
  /** Its status was not the stored one, and was written. */
  readonly onWritten: (resource: CustomResource) => void
}

/** Milliseconds. */
const gatherMs = 1_000
const restMs = 4_000
/** After this time every status is evaluated again: an entry may have expired. */
const reviewMs = 60_000
const concurrentWrites = 8
/** So often in succession the same status is written, before it is reported that another client overwrites it. */
const overwritten = 4
/** In one namespace. */
const mostOfRound = 20
/** Of all controllers, so that the one that takes over owns the fields. */
const fieldManager = 'pullpass-controller'

type StatusContext = Pick<Context, 'now' | 'sleep' | 'signal' | 'log'>

interface Written {
  readonly content: string
  readonly count: number
}

export class StatusWriter {
  readonly #source: StatusSource
  readonly #cluster: Cluster
  readonly #status: ControllerStatus
  readonly #context: StatusContext
  /** By document: the status that was written last, and how often it replaced another one. */
  readonly #written = new Map<string, Written>()
  #changed = Promise.withResolvers<void>()
  /** Names of documents to evaluate. */
  #pending: Set<string> | 'all' = 'all'
  /** Names of documents that the last round left to the next, in their order. */
  #waiting: readonly string[] = []

  constructor(source: StatusSource, cluster: Cluster, status: ControllerStatus, context: StatusContext) {
    this.#source = source
    this.#cluster = cluster
    this.#status = status
    this.#context = context
  }

  /** `document`: its name; undefined: any can have changed. */
  changed(document: string | undefined): void {
    if (document === undefined) this.#pending = 'all'
    else if (this.#pending !== 'all') this.#pending.add(document)
    this.#changed.resolve()
  }

  /** Until the signal. @throws the signal's reason, and an error that is not classified */
  async run(): Promise<never> {
    const { sleep, signal } = this.#context
    for (;;) {
      const review = new AbortController()
      const reviewed = sleep(reviewMs, AbortSignal.any([signal, review.signal])).then(() => this.changed(undefined))
      await Promise.race([this.#changed.promise, reviewed])
      review.abort()
      await sleep(gatherMs, signal)
      this.#changed = Promise.withResolvers()
      const pending = this.#pending
      this.#pending = new Set()
      if ((await this.#writeThose(pending)) > 0) await sleep(restMs, signal)
    }
  }

  async #writeThose(names: ReadonlySet<string> | 'all'): Promise<number> {
    const now = this.#context.now()
    const resources = [...this.#source.resources()]
    if (this.#written.size > resources.length) this.#written.clear() // of objects that were deleted
    const differing = resources.flatMap((resource) => {
      if (names !== 'all' && !names.has(resource.document)) return []
      const facts = this.#source.factsOf(resource)
      const isObserved = resource.status['observedGeneration'] === resource.generation
      if (isObserved && !isEvaluated(facts)) return [] // the evaluation of the rest is a change
      const status = evaluateStatus(facts, now)
      return isStored(status, resource.status) ? [] : [{ resource, status }]
    })
    const { round, rest } = takeTurns(differing, this.#waiting)
    this.#waiting = rest.map(({ resource }) => resource.document)
    for (const document of this.#waiting) this.changed(document)
    await runConcurrently(round, ({ resource, status }) => this.#write(resource, status), concurrentWrites)
    return round.length
  }

  /** Once: two controllers that evaluate an object differently would overwrite its status in turn, unnoticed. */
  #reportOverwritten({ document, type }: CustomResource, status: ResourceStatus): void {
    if (type.scope === 'Namespaced') return // tenants may not write one, and could create any number
    const content = JSON.stringify(status, (key, value: unknown) => (key === 'lastTransitionTime' ? undefined : value))
    const before = this.#written.get(document)
    const count = before?.content === content ? before.count + 1 : 1
    this.#written.set(document, { content, count })
    if (count === overwritten)
      this.#context.log('warn', 'another client overwrites the status of a ClusterPullSecret', {
        document,
        fix: 'if a controller runs in another namespace too, remove one of them: kubectl get leases -A --field-selector metadata.name=pullpass-controller',
      })
  }

  async #write(resource: CustomResource, status: ResourceStatus): Promise<void> {
    const { document } = resource
    const subject = `the status of ${document}`
    try {
      const result = await applyStatus(this.#cluster, resource, status)
      if (result === 'written') this.#reportOverwritten(resource, status)
      this.#status.succeeded(subject)
      this.#source.onWritten(resource)
    } catch (error) {
      this.#context.signal.throwIfAborted()
      this.#status.failed(subject, asFault(error), { document })
    }
  }
}

interface Differing {
  readonly resource: CustomResource
  readonly status: ResourceStatus
}

/** The first of each namespace, then the second of each; those that waited longest are the first, those that are not used the last. */
function takeTurns(differing: readonly Differing[], waiting: readonly string[]) {
  const waited = new Map(waiting.map((document, index) => [document, index]))
  const orderOf = ({ resource: { document, unused } }: Differing): number =>
    (unused === undefined ? 0 : waiting.length + 1) + (waited.get(document) ?? waiting.length)
  const taken = new Map<string | undefined, number>()
  const turns = differing
    .toSorted((one, other) => orderOf(one) - orderOf(other))
    .map((one) => {
      const { namespace } = one.resource
      const turn = namespace === undefined ? 0 : (taken.get(namespace) ?? 0)
      taken.set(namespace, turn + 1)
      return { one, turn }
    })
  const inRound = turns.filter(({ turn }) => turn < mostOfRound).toSorted((one, other) => one.turn - other.turn)
  const later = turns.filter(({ turn }) => turn >= mostOfRound)
  return { round: inRound.map(({ one }) => one), rest: later.map(({ one }) => one) }
}

/** An object that was changed or deleted since is left to the next event of its watch. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
async function applyStatus(
  cluster: Cluster,
  { type, name, namespace, resourceVersion }: CustomResource,
  status: ResourceStatus,
): Promise<'written' | 'outdated'> {
  const { group, version, kind, resource } = type
  const metadata = { name, ...(namespace !== undefined && { namespace }), resourceVersion }
  const response = await cluster.request({
    method: 'PATCH',
    path: `${collectionPath(type, namespace)}/${encodeURIComponent(name)}/status?fieldManager=${fieldManager}&force=true`,
    accept: metadataOfOne,
    contentType: 'application/apply-patch+yaml', // JSON is YAML
    body: JSON.stringify({ apiVersion: `${group}/${version}`, kind, metadata, status }),
  })
  if (response.status === 200) return 'written'
  if (response.status === 404 || response.status === 409) return 'outdated'
  throw readStatus(cluster, response, { verb: 'patch', resource: `${resource}/status`, group })
}
