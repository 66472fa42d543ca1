/** Watches every pull secret of one or several clusters, by its metadata, and their namespaces where documents need the list. */
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { ListRequest } from '../kubernetes/objects/list.ts'
import { allNamespaces, type Namespace, namespaceOf } from '../kubernetes/objects/namespaces.ts'
import { watchCollection } from '../kubernetes/objects/watch.ts'
import type { PullSecretFacts } from './facts.ts'
import {
  checkExists,
  createKeep,
  listsOf,
  refusal,
  type StatusContext,
  type StatusScope,
  withClusters,
} from './list.ts'

export interface StatusObserver {
  /** After each list, the first one included; `secrets` are all of this part. */
  onListed(part: StatusPart, secrets: readonly PullSecretFacts[]): void
  onChanged(part: StatusPart, change: 'changed' | 'deleted', secret: PullSecretFacts): void
  /** A part that cannot be read, perhaps for a while; its earlier state is kept. */
  onFault(part: StatusPart, fault: PullpassError): void
  /** All namespaces of a cluster, after each change; or why they cannot be listed now. */
  onNamespaces(context: string | undefined, namespaces: readonly Namespace[] | PullpassError): void
}

/** One list of one cluster. */
export interface StatusPart {
  /** In the order of the lists. */
  readonly index: number
  readonly context: string | undefined
  /** Absent if its kubeconfig or its credential cannot be used. */
  readonly server: string | undefined
}

/** Before a list that failed is tried again. Milliseconds. */
const againMs = 15_000
/** How often it is checked whether the namespaces are needed, after documents were changed. Milliseconds. */
const recheckMs = 10_000

/**
 * Watches until the run ends. `start` is called first, with every part. Resolves if every part failed permanently.
 * `needNamespaces`: whether documents, as they are now, need the list of namespaces; undefined: there are none.
 * @throws the error of a single list, that of invalid input, and the signal's reason
 */
export async function watchStatus(
  scope: StatusScope,
  start: (parts: readonly StatusPart[]) => StatusObserver,
  needNamespaces: (() => boolean) | undefined,
  context: StatusContext,
): Promise<void> {
  await withClusters(scope, context, async (opened) => {
    const lists = listsOf(scope)
    const parts = opened
      .flatMap((one) => lists.map((list) => ({ ...one, list })))
      .map((one, index) => ({ ...one, index, server: serverOf(one.cluster) }))
    const observer = start(parts)
    const watches = parts.map(async ({ cluster, list, ...part }) => {
      if (cluster instanceof PullpassError) observer.onFault(part, cluster)
      else await followPart(part, { cluster, list, observer, isSingle: parts.length === 1 }, context)
    })
    const ended = new AbortController()
    const untilEnd = { ...context, signal: AbortSignal.any([context.signal, ended.signal]) }
    const namespaces = opened.flatMap((one) =>
      one.cluster instanceof PullpassError || needNamespaces === undefined
        ? []
        : followNamespaces(one.cluster, needNamespaces, (found) => observer.onNamespaces(one.context, found), untilEnd),
    )
    try {
      await Promise.race([Promise.all(watches), ...namespaces])
    } finally {
      ended.abort()
      await Promise.allSettled(namespaces)
    }
  })
}

const serverOf = (cluster: Cluster | PullpassError) => (cluster instanceof PullpassError ? undefined : cluster.server)

interface Followed {
  readonly cluster: Cluster
  readonly list: ListRequest
  readonly observer: StatusObserver
  readonly isSingle: boolean
}

async function followPart(
  part: StatusPart,
  { cluster, list, observer, isSingle: single }: Followed,
  context: StatusContext,
): Promise<void> {
  for (;;) {
    try {
      for await (const event of watchCollection(cluster, list, createKeep(), context)) {
        if (event.type === 'listed') {
          observer.onListed(part, event.items)
          const { namespace } = list.call
          const absent = event.items.length > 0 || !namespace ? undefined : await checkExists(cluster, namespace)
          if (absent) observer.onFault(part, absent)
        } else observer.onChanged(part, event.type, event.item)
      }
    } catch (error) {
      context.signal.throwIfAborted()
      const fault = refusal(error)
      if (single) throw fault
      observer.onFault(part, fault)
      if (!fault.retryable) return
    }
    await context.sleep(againMs, context.signal)
  }
}

/** Until the signal. @throws the signal's reason, and an error that is not classified */
async function followNamespaces(
  cluster: Cluster,
  needed: () => boolean,
  onNamespaces: (namespaces: readonly Namespace[] | PullpassError) => void,
  context: StatusContext,
): Promise<never> {
  for (;;) {
    while (!needed()) await context.sleep(recheckMs, context.signal)
    const found = new Map<string, Namespace>()
    try {
      for await (const event of watchCollection(cluster, allNamespaces, namespaceOf, context)) {
        if (event.type === 'listed') found.clear()
        for (const one of event.type === 'listed' ? event.items : [event.item]) found.set(one.name, one)
        if (event.type === 'deleted') found.delete(event.item.name)
        onNamespaces([...found.values()])
      }
    } catch (error) {
      context.signal.throwIfAborted()
      onNamespaces(asFault(error))
    }
    await context.sleep(againMs, context.signal)
  }
}
