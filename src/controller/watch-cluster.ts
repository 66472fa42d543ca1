/**
 * The view of the cluster that the controller works on: namespaces, custom resources, and the Secrets and ServiceAccounts that
 * documents name, kept up to date by list and watch. Of Secrets it requests only metadata. A ServiceAccount contains no credential,
 * and its metadata would not show whether an entry of imagePullSecrets was removed: each change would cost a read. A watch that
 * fails is started again; until then the view stays as it was.
 */
import { isDeepStrictEqual } from 'node:util'
import { asFault, described, faultFields, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ListRequest, metadataOnly, namedList } from '../kubernetes/objects/list.ts'
import { allNamespaces, type Namespace, namespaceOf } from '../kubernetes/objects/namespaces.ts'
import { type PendingPod, pendingPodOf, pendingPods } from '../kubernetes/objects/pending-pods.ts'
import { type AnyPullSecret, anyPullSecret } from '../kubernetes/objects/pull-secrets.ts'
import { allServiceAccounts, type ServiceAccount, serviceAccountOf } from '../kubernetes/objects/service-accounts.ts'
import { type CollectionEvent, type WatchContext, watchCollection } from '../kubernetes/objects/watch.ts'
import type { JsonObject } from '../text/json-fields.ts'
import { type Comparison, createComparison } from './compare-view.ts'
import type { CustomResource, ResourceWatch } from './custom-resources.ts'
import { createPullSecretReader } from './read-pull-secrets.ts'
import { retryDelayMs } from './schedule.ts'

/** The objects of one watch, by name or namespace. */
interface Collection<T> {
  readonly objects: ReadonlyMap<string, T>
  /** Whether they were listed since the start. */
  readonly synced: boolean
  /** When they were listed last: what changed before was not observed. */
  readonly listedAt: Date | undefined
  /** Of its last event; undefined: it is not known. */
  readonly resourceVersion: string | undefined
  /** Whether changes are followed now; otherwise the watch is being resumed, or lists. */
  readonly following: boolean
  /** Why the watch does not run now. */
  readonly fault: PullpassError | undefined
  /** As an event does that a watch has lost. Undefined: the object was deleted. */
  readonly repair: (key: string, object: T | undefined) => void
}

export interface ClusterView {
  readonly namespaces: Collection<Namespace>
  /** ClusterPullSecrets, by the name of their document. */
  readonly resources: Collection<CustomResource>
  /** PullSecrets of tenants. */
  readonly tenants: Collection<CustomResource>
  /** Of one name, by namespace; undefined: not watched. */
  secrets(name: string): Collection<AnyPullSecret> | undefined
  /** Why objects of this name, or pods in the namespace of this name, may not be watched. */
  refusal(resource: keyof WatchedNames, name: string): PullpassError | undefined
  /** Watches exactly these names. */
  watch(names: WatchedNames): void
  /** As `secrets`. */
  serviceAccounts(name: string): Collection<ServiceAccount> | undefined
  /** Of one namespace, or with `everyNamespace` of all; undefined: not watched. */
  pods(namespace: string): Collection<PendingPod> | undefined
  /** Of the watched namespaces. */
  pendingPods(): Iterable<PendingPod>
  /** How often watches were resumed or started again, by resource. */
  readonly restarts: ReadonlyMap<string, number>
  /** Of namespaces and Secrets with the cluster. */
  comparisons(): Comparison[]
  /**
   * Faults of watches that do not run, and collections that were not listed yet. What may not be watched is one only if it is
   * `required`: what a custom resource names does not affect others.
   */
  problems(required: WatchedNames): string[]
  /** Of the watch of PullSecrets: tenants write them, and all else works without them. */
  tenantProblems(): string[]
}

/** What documents need to be watched: names, and for pods namespaces. */
export interface WatchedNames {
  readonly secrets: ReadonlySet<string>
  readonly serviceAccounts: ReadonlySet<string>
  /** With `everyNamespace` for the whole cluster. */
  readonly pods: ReadonlySet<string>
}

export interface ViewObserver {
  /** `name`: undefined after a list, when any can have changed. */
  onNamespaces(name: string | undefined): void
  onSecrets(secretName: string, namespace: string | undefined): void
  /** As `ClusterView.refusal`. */
  onRefused(resource: keyof WatchedNames, name: string): void
  /** `document`: undefined after a list. */
  onResources(document: string | undefined): void
  onServiceAccounts(name: string, namespace: string | undefined): void
  /** A pending pod was added, changed or removed. */
  onPods(): void
  /** A failure that no retry can continue from. */
  onEnd(error: unknown): void
}

const watchedResources = [
  'namespaces',
  'secrets',
  'serviceaccounts',
  'pods',
  'clusterpullsecrets',
  'pullsecrets',
] as const
type WatchedResource = (typeof watchedResources)[number]
type Watch<T> = (context: WatchContext) => AsyncGenerator<CollectionEvent<T>, never>

/** Starts watching namespaces. Every watch ends with the signal of the context. */
export function watchCluster(
  cluster: Cluster,
  watched: { readonly resources: ResourceWatch; readonly tenants: ResourceWatch },
  observer: ViewObserver,
  context: Pick<Context, 'now' | 'random' | 'sleep' | 'log' | 'signal'>,
): ClusterView {
  const restarts = new Map<WatchedResource, number>(watchedResources.map((resource) => [resource, 0]))
  const start = createStart(observer, restarts, context)
  const namespaces = start('namespaces', (watching) => watchCollection(cluster, allNamespaces, namespaceOf, watching), {
    keyOf: ({ name }) => name,
    onChange: (name) => observer.onNamespaces(name),
  })
  const keepResources: Keep<CustomResource> = {
    keyOf: ({ document }) => document,
    onChange: (document) => observer.onResources(document),
  }
  const resources = start('clusterpullsecrets', watched.resources, keepResources)
  const tenants = start('pullsecrets', watched.tenants, keepResources)
  const named = startNamedWatches(cluster, observer, start, context.signal)
  const { secrets, serviceAccounts: accounts, pods } = named
  return {
    namespaces,
    resources,
    tenants,
    restarts,
    secrets: secrets.of,
    refusal: (resource, name) => refusalOf(named[resource].of(name)),
    serviceAccounts: accounts.of,
    pods: pods.of,
    pendingPods: pods.all,
    watch(names) {
      for (const one of ['secrets', 'serviceAccounts', 'pods'] as const) named[one].watch(names[one])
    },
    comparisons: () => [
      comparisonOf(namespaces, comparedNamespaces),
      ...secrets.entries().map(([name, collection]) => comparisonOf(collection, comparedSecrets(name))),
    ],
    problems: (required) => [
      ...problemsOf('namespaces', namespaces),
      ...problemsOf('ClusterPullSecrets', resources),
      ...secrets.problems('Secrets', required.secrets),
      ...accounts.problems('ServiceAccounts', required.serviceAccounts),
      ...pods.problems('Pods in', required.pods),
    ],
    tenantProblems: () => problemsOf('PullSecrets', tenants),
  }
}

type StartWatch = <T>(resource: WatchedResource, watch: Watch<T>, keep: Keep<T>, signal?: AbortSignal) => Collection<T>

function createStart(
  { onEnd }: Pick<ViewObserver, 'onEnd'>,
  restarts: Map<string, number>,
  context: Pick<Context, 'now' | 'random' | 'sleep' | 'log' | 'signal'>,
): StartWatch {
  const isLogged = limitRefusals(context.now)
  return <T>(resource: WatchedResource, watch: Watch<T>, keep: Keep<T>, signal = context.signal) => {
    const collection = createCollection<T>(keep.onChange)
    const onFollow = () => {
      collection.following = true
    }
    const onResume = () => {
      collection.following = false
      restarts.set(resource, (restarts.get(resource) ?? 0) + 1)
    }
    const following = { ...context, signal, onResume, onFollow, isLogged }
    follow(watch, { collection, keep, resource }, following).catch((error: unknown) => {
      if (!signal.aborted) onEnd(error)
    })
    return collection
  }
}

/** Custom resources can name any number of objects that may not be watched: their statuses state it. */
function limitRefusals(now: () => Date): () => boolean {
  let sinceMs = 0
  let count = 0
  return () => {
    const nowMs = now().getTime()
    if (nowMs - sinceMs > refusalsMs) [sinceMs, count] = [nowMs, 0]
    count += 1
    return count <= mostRefusals
  }
}

const mostRefusals = 20
const refusalsMs = 10 * 60_000

function startNamedWatches(cluster: Cluster, observer: ViewObserver, start: StartWatch, signal: AbortSignal) {
  const startNamed = <T>(named: keyof WatchedNames, { listOf, itemOf, keyOf, onChange }: NamedWatch<T>) => {
    const resource = named === 'serviceAccounts' ? 'serviceaccounts' : named
    const onRefusal = (name: string) => observer.onRefused(named, name)
    return createNamedWatches((name, end) => {
      const watch: Watch<T> = (watching) => watchCollection(cluster, listOf(name), itemOf, watching)
      const keep: Keep<T> = { keyOf, onChange: (key) => onChange(name, key), onRefusal: () => onRefusal(name) }
      return start(resource, watch, keep, AbortSignal.any([signal, end]))
    })
  }
  const secrets = startNamed('secrets', {
    listOf: allSecrets,
    itemOf: createPullSecretReader(),
    keyOf: ({ namespace }) => namespace,
    onChange: (name, namespace) => observer.onSecrets(name, namespace),
  })
  const serviceAccounts = startNamed('serviceAccounts', {
    listOf: allServiceAccounts,
    itemOf: serviceAccountOf,
    keyOf: ({ namespace }) => namespace,
    onChange: (name, namespace) => observer.onServiceAccounts(name, namespace),
  })
  const pods = startNamed('pods', {
    listOf: (namespace) => pendingPods(namespace === everyNamespace ? undefined : namespace),
    itemOf: pendingPodOf,
    keyOf: ({ namespace, name }) => `${namespace}/${name}`,
    onChange: () => observer.onPods(),
  })
  return { secrets, serviceAccounts, pods }
}

/** No namespace has this name. */
export const everyNamespace = 'all namespaces'

interface NamedWatch<T> {
  readonly listOf: (name: string) => ListRequest
  readonly itemOf: (item: JsonObject) => T
  readonly keyOf: (item: T) => string
  readonly onChange: (name: string, key: string | undefined) => void
}

/** One watch for each name: of the objects of that name in the whole cluster, or of those in the namespace of that name. */
function createNamedWatches<T>(start: (name: string, end: AbortSignal) => Collection<T>) {
  const watched = new Map<string, { readonly collection: Collection<T>; readonly end: AbortController }>()
  return {
    of: (name: string) => watched.get(name)?.collection,
    entries: () => [...watched].map(([name, { collection }]) => [name, collection] as const),
    all: () => [...watched.values()].flatMap(({ collection }) => [...collection.objects.values()]),
    /** Exactly these names. */
    watch: (names: ReadonlySet<string>): void => {
      endOthers(watched, names)
      for (const name of names) {
        if (watched.has(name)) continue
        const end = new AbortController()
        watched.set(name, { collection: start(name, end.signal), end })
      }
    },
    problems: (title: string, required: ReadonlySet<string>) =>
      [...watched].flatMap(([name, { collection }]) =>
        refusalOf(collection) !== undefined && !required.has(name) ? [] : problemsOf(`${title} ${name}`, collection),
      ),
  }
}

function endOthers(watched: Map<string, { readonly end: AbortController }>, names: ReadonlySet<string>): void {
  for (const [name, { end }] of watched) {
    if (names.has(name)) continue
    watched.delete(name)
    end.abort()
  }
}

/** Of one name, in the whole cluster. */
const allSecrets = (name: string) => namedList({ resource: 'secrets', name, accept: metadataOnly })

function refusalOf(collection: Pick<Collection<unknown>, 'fault'> | undefined): PullpassError | undefined {
  return collection?.fault?.code === 'KUBERNETES_FORBIDDEN' ? collection.fault : undefined
}

function problemsOf(title: string, { synced, fault }: Pick<Collection<unknown>, 'synced' | 'fault'>): string[] {
  if (fault !== undefined) return [`${title} are not watched: ${described(fault)}`]
  return synced ? [] : [`${title} were not listed yet`]
}

type Compared<T> = Pick<Parameters<typeof createComparison<T>>[0], 'title' | 'list' | 'read' | 'keyOf' | 'equal'>

const comparedNamespaces: Compared<Namespace> = {
  title: 'namespaces',
  list: allNamespaces,
  read: namespaceOf,
  keyOf: ({ name }) => name,
  equal: isDeepStrictEqual,
}

const comparedSecrets = (name: string): Compared<AnyPullSecret> => ({
  title: `Secrets ${name}`,
  list: allSecrets(name),
  read: anyPullSecret,
  keyOf: ({ namespace }) => namespace,
  equal: (one, other) => one.uid === other.uid && one.resourceVersion === other.resourceVersion,
})

const comparisonOf = <T>(collection: Collection<T>, compared: Compared<T>): Comparison =>
  createComparison({
    ...compared,
    isWatched: () => collection.synced && collection.following && collection.fault === undefined,
    objects: () => collection.objects,
    repair: collection.repair,
  })

interface Keep<T> {
  readonly keyOf: (item: T) => string
  readonly onChange: (key: string | undefined) => void
  readonly onRefusal?: () => void
}

interface MutableCollection<T> extends Pick<Collection<T>, 'repair'> {
  objects: Map<string, T>
  synced: boolean
  listedAt: Date | undefined
  resourceVersion: string | undefined
  following: boolean
  fault: PullpassError | undefined
}

function createCollection<T>(onChange: Keep<T>['onChange']): MutableCollection<T> {
  const collection: MutableCollection<T> = {
    objects: new Map(),
    synced: false,
    listedAt: undefined,
    resourceVersion: undefined,
    following: false,
    fault: undefined,
    repair(key, object) {
      if (object === undefined) collection.objects.delete(key)
      else collection.objects.set(key, object)
      onChange(key)
    },
  }
  return collection
}

interface Followed<T> {
  readonly collection: MutableCollection<T>
  readonly keep: Keep<T>
  readonly resource: string
}

/** Does not end by itself. @throws the signal's reason, and an error that is not classified */
async function follow<T>(
  watch: Watch<T>,
  { collection, keep, resource }: Followed<T>,
  context: WatchContext & { readonly onResume: () => void; readonly isLogged: () => boolean },
): Promise<never> {
  for (let failures = 1; ; failures++) {
    try {
      for await (const event of watch(context)) {
        failures = 0
        if (collection.fault !== undefined) context.log('info', 'a watch works again', { resource })
        collection.fault = undefined
        if (event.type === 'listed') collection.listedAt = context.now()
        record(collection, keep, event)
      }
    } catch (error) {
      context.signal.throwIfAborted()
      const fault = asFault(error)
      if (collection.fault?.seen !== fault.seen) {
        const level = fault.code !== 'KUBERNETES_FORBIDDEN' || context.isLogged() ? 'error' : 'debug'
        context.log(level, 'a watch failed and is started again', { resource, ...faultFields(fault) })
      }
      collection.fault = fault
      if (refusalOf(collection) !== undefined) keep.onRefusal?.()
      context.onResume()
      // As for a failure that may pass: a permission that is granted takes effect within minutes.
      const delayMs = retryDelayMs({ retryable: true, retryAt: fault.retryAt }, failures, {
        random: context.random(),
        now: context.now(),
      })
      await context.sleep(delayMs, context.signal)
    }
  }
}

function record<T>(collection: MutableCollection<T>, keep: Keep<T>, event: CollectionEvent<T>): void {
  collection.resourceVersion = event.resourceVersion
  if (event.type === 'listed') {
    collection.objects = new Map(event.items.map((item) => [keep.keyOf(item), item]))
    collection.synced = true
    keep.onChange(undefined)
    return
  }
  const key = keep.keyOf(event.item)
  if (event.type === 'deleted') collection.objects.delete(key)
  else collection.objects.set(key, event.item)
  keep.onChange(key)
}
