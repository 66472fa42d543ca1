/**
 * The loops of `pullpass issuer watch` in a controller: one for each publication that documents in files name, while this replica
 * leads. A custom resource has none: its author would decide where the identity of the controller publishes.
 *
 *   open the target ─▶ rounds, each 15 s ─▶ a failure that ends them: the loop starts again later, and nothing else is affected
 *          └── no credentials for it: another process publishes; tried again later
 */
import { type DocumentIssuer, defaultKeyStateRef } from '../../document/document.ts'
import { asFault, faultFields, type PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { reviewSelf } from '../../kubernetes/objects/review-access.ts'
import type { WatchHealth } from '../../publish/watch/health.ts'
import type { HealthCheck, HealthEndpoints } from '../../server/health.ts'
import type { Metric } from '../../server/metrics.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { DocumentSet } from '../documents.ts'
import { retryDelayMs } from '../schedule.ts'

/** As they were, or were given, when the process started. */
export interface IssuerTrust {
  /** CA certificates (PEM) of API servers. */
  readonly authorities: readonly string[]
  /** Fingerprints of --accept-ca, and thumbprints of --accept-key. */
  readonly accepted: { readonly authorities: readonly string[]; readonly keys: readonly string[] }
}

interface Watched {
  readonly end: AbortController
  readonly target: string
  /** Of its rounds, while they run. */
  health: WatchHealth | undefined
  /** Why they ended. */
  fault: PullpassError | undefined
}

export class IssuerWatches {
  readonly #cluster: Cluster
  readonly #trust: IssuerTrust
  readonly #context: VendorContext
  readonly #onEnd: (error: unknown) => void
  readonly #watched = new Map<string, Watched>()

  /** The signal of the context ends the loops. `onEnd`: a failure that no retry can continue from. */
  constructor(cluster: Cluster, trust: IssuerTrust, onEnd: (error: unknown) => void, context: VendorContext) {
    this.#cluster = cluster
    this.#trust = trust
    this.#context = context
    this.#onEnd = onEnd
  }

  /** Watches exactly the publications of these documents. */
  watch(files: DocumentSet): void {
    const issuers = new Map(
      [...files.values()].flatMap(({ document: { issuer } }) => (issuer ? [[nameOf(issuer), issuer]] : [])),
    )
    for (const [name, { end }] of this.#watched) {
      if (issuers.has(name)) continue
      this.#watched.delete(name)
      end.abort(new Error('no document names this publication'))
    }
    for (const [name, issuer] of issuers) {
      if (this.#watched.has(name)) continue
      const watched = { end: new AbortController(), target: issuer.publishTo, health: undefined, fault: undefined }
      this.#watched.set(name, watched)
      const signal = AbortSignal.any([this.#context.signal, watched.end.signal])
      this.#keepWatching(issuer, watched, { ...this.#context, signal }).catch((error: unknown) => {
        if (!signal.aborted) this.#onEnd(error)
      })
    }
  }

  /** Of the loops that run; empty without one. */
  get endpoints(): HealthEndpoints {
    const all = [...this.#watched.values()]
    const running = all.flatMap(({ target, health }) => (health ? [{ target, endpoints: health.endpoints }] : []))
    const checksOf = (kind: 'live' | 'ready') =>
      running.flatMap(({ target, endpoints }) => endpoints[kind].map((check) => ({ target, check })))
    const ended = all.filter(({ fault }) => fault !== undefined && !isForOthers(fault)).map(endedCheck)
    return {
      live: mergeChecks(checksOf('live')),
      ready: mergeChecks([...checksOf('ready'), ...ended]),
      notes: () =>
        running.flatMap(({ target, endpoints }) => endpoints.notes?.().map((note) => `${target}: ${note}`) ?? []),
      metrics: () =>
        mergeMetrics(
          running.flatMap(({ target, endpoints }) => endpoints.metrics().map((one) => labelled(one, target))),
        ),
    }
  }

  /** Does not end by itself. @throws the reason of the signal, and an error that is not classified */
  async #keepWatching(issuer: DocumentIssuer, watched: Watched, context: VendorContext): Promise<never> {
    const { random, now, sleep, signal } = context
    for (let failures = 1; ; failures++) {
      try {
        await this.#watchOnce(issuer, watched, context)
      } catch (error) {
        signal.throwIfAborted()
        const fault = asFault(error)
        const isSame = watched.fault?.message === fault.message
        if (watched.health !== undefined) failures = 1
        if (!isSame) logEnd(fault, watched, context)
        watched.fault = fault
      } finally {
        watched.health = undefined
      }
      signal.throwIfAborted()
      const ended = watched.fault ?? { retryable: true, retryAt: undefined }
      await sleep(retryDelayMs(ended, failures, { random: random(), now: now() }), signal)
    }
  }

  async #watchOnce(issuer: DocumentIssuer, watched: Watched, context: VendorContext): Promise<void> {
    const [
      { openTarget },
      { connectPinned },
      { createWatchHealth },
      { createKeyStateEvents },
      { watchIssuer },
      { defaultKeepForMs },
    ] = await Promise.all([
      import('../../publish/open-target.ts'),
      import('../../publish/watch/authorities.ts'),
      import('../../publish/watch/health.ts'),
      import('../../publish/watch/alarms.ts'),
      import('../../publish/watch/watch.ts'),
      import('../../publish/watch/watch-config.ts'),
    ])
    const log: VendorContext['log'] = (level, sentence, fields) =>
      context.log(level, sentence, { target: watched.target, ...fields })
    const own = { ...context, log }
    const target = await openTarget(issuer.publishTo, own)
    await target.read('jwks') // without credentials, this fails
    const { cluster, pinned } = connectPinned(this.#cluster, this.#trust.authorities)
    try {
      const account = (await reviewSelf(cluster)) ?? { namespace: 'default', name: 'default' }
      const keyStateRef = issuer.keyStateRef ?? defaultKeyStateRef
      const config = {
        cluster,
        target,
        account,
        keyStateRef,
        issuerUrl: issuer.url,
        replicas: [],
        keepForMs: defaultKeepForMs,
        trusted: { pinned, accepted: this.#trust.accepted.authorities },
        acceptedKeys: this.#trust.accepted.keys,
        events: createKeyStateEvents(cluster, keyStateRef, own),
      }
      const health = createWatchHealth('state', own)
      watched.health = health
      watched.fault = undefined
      log('info', 'the keys of the cluster are watched, and published')
      await watchIssuer(config, own, { watchdog: health.watchdog, report: (status) => health.update(status) })
    } finally {
      await cluster.close()
    }
  }
}

/** As the publication gate distinguishes them. */
const nameOf = ({ publishTo, url, keyStateRef }: DocumentIssuer): string =>
  JSON.stringify([publishTo, url, keyStateRef])

/** A process with credentials publishes, such as `issuer watch`. */
const isForOthers = ({ code }: PullpassError): boolean => code === 'PUBLISH_CREDENTIALS_MISSING'

function logEnd(fault: PullpassError, { target }: Watched, { log }: VendorContext): void {
  if (isForOthers(fault)) {
    log('info', 'the keys of the cluster are not published here: there are no credentials for the target', { target })
    return
  }
  log('error', 'the watch of the issuer ended and is started again', { target, ...faultFields(fault) })
}

interface CheckOfTarget {
  readonly target: string
  readonly check: HealthCheck
}

const endedCheck = ({ target, fault }: Watched): CheckOfTarget => ({
  target,
  check: { name: 'publication', failure: () => fault && `${fault.code}: ${fault.seen}` },
})

/** One check of each name, `issuer-NAME`. */
function mergeChecks(checks: readonly CheckOfTarget[]): HealthCheck[] {
  const byName = Map.groupBy(checks, ({ check }) => check.name)
  return [...byName].map(([name, group]) => ({
    name: `issuer-${name}`,
    failure: () => {
      const failures = group.map(({ target, check }) => ({ target, failure: check.failure() }))
      const texts = failures.flatMap(({ target, failure }) => (failure === undefined ? [] : [`${target}: ${failure}`]))
      return texts.length === 0 ? undefined : texts.join('; ')
    },
  }))
}

const withTarget = <T extends { readonly labels?: Readonly<Record<string, string>> }>(
  samples: readonly T[],
  target: string,
): T[] => samples.map((sample) => ({ ...sample, labels: { target, ...sample.labels } }))

const labelled = (metric: Metric, target: string): Metric =>
  metric.type === 'histogram'
    ? { ...metric, samples: withTarget(metric.samples, target) }
    : { ...metric, samples: withTarget(metric.samples, target) }

/** Each name once, with the samples of all targets. */
function mergeMetrics(metrics: readonly Metric[]): Metric[] {
  const merged = new Map<string, Metric>()
  for (const metric of metrics) {
    const before = merged.get(metric.name)
    merged.set(metric.name, before === undefined ? metric : joined(before, metric))
  }
  return [...merged.values()]
}

function joined(one: Metric, other: Metric): Metric {
  if (one.type === 'histogram' && other.type === 'histogram')
    return { ...one, samples: [...one.samples, ...other.samples] }
  if (one.type === 'histogram' || other.type === 'histogram') throw new TypeError('metrics of one name have one type')
  return { ...one, samples: [...one.samples, ...other.samples] }
}
