/** Which Secrets documents select in the namespaces of the cluster: pure, but for warnings. */
import { type Document, resourceSource, tenantOf } from '../document/document.ts'
import { needsNamespaceList, reachOf, selectNamespaces } from '../document/namespaces.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Namespace } from '../kubernetes/objects/namespaces.ts'
import { documentName, planRefresh, selectsNothing } from '../refresh/plan.ts'
import type { ControlledDocument, DocumentSet } from './documents.ts'
import type { SecretState } from './reconcile.ts'
import type { DocumentState } from './report/metrics.ts'
import { everyNamespace, type WatchedNames } from './watch-cluster.ts'
import type { WorkItem } from './work-queue.ts'

type Namespaces = ReadonlyMap<string, Namespace>

/** Terminating namespaces are not selected: nothing can be created there. */
export function selected(
  { namespaces, namespace }: Pick<Document, 'namespaces' | 'namespace'>,
  among: Namespaces,
): string[] {
  // Of thousands of PullSecrets, each has one namespace.
  const candidates = [...onlyNamed(among, namespace).values()]
  return selectNamespaces(
    namespaces,
    candidates.filter(({ terminating }) => !terminating),
  )
}

/** The namespace of this name, if it exists; undefined: all. */
export function onlyNamed(namespaces: Namespaces, name: string | undefined): Namespaces {
  if (name === undefined) return namespaces
  const one = namespaces.get(name)
  return new Map(one === undefined ? [] : [[name, one]])
}

export const isSelected = (document: Pick<Document, 'namespaces' | 'namespace'>, one: Namespace): boolean =>
  selected(document, new Map([[one.name, one]])).length > 0

/** Documents by namespace and name of their Secrets: an event evaluates those that it can concern, however many others there are. */
export class DocumentIndex {
  readonly #all = new Map<string, ControlledDocument>()
  /** By namespace, which only PullSecrets have, and by `secretName`. */
  readonly #indexed = new Map<string | undefined, Map<string, Map<string, ControlledDocument>>>()

  constructor(documents: DocumentSet) {
    for (const [name, controlled] of documents) this.set(name, controlled)
  }

  get all(): DocumentSet {
    return this.#all
  }

  /** `controlled`: undefined to remove it. */
  set(name: string, controlled: ControlledDocument | undefined): void {
    const before = this.#all.get(name)?.document
    if (before !== undefined) {
      const bySecret = this.#indexed.get(before.namespace)
      const named = bySecret?.get(before.secretName)
      named?.delete(name)
      if (named?.size === 0) bySecret?.delete(before.secretName)
      if (bySecret?.size === 0) this.#indexed.delete(before.namespace)
    }
    if (controlled === undefined) {
      this.#all.delete(name)
      return
    }
    this.#all.set(name, controlled)
    const { namespace, secretName } = controlled.document
    const bySecret = this.#indexed.get(namespace) ?? new Map<string, Map<string, ControlledDocument>>()
    const named = bySecret.get(secretName) ?? new Map<string, ControlledDocument>()
    this.#indexed.set(namespace, bySecret.set(secretName, named.set(name, controlled)))
  }

  /** Those that can have a Secret in this namespace; undefined: all. */
  in(namespace: string | undefined): DocumentSet {
    if (namespace === undefined) return this.#all
    const groups = [undefined, namespace].flatMap((one) => [...(this.#indexed.get(one)?.values() ?? [])])
    return new Map(groups.flatMap((named) => [...named]))
  }

  /** Of these, those whose Secrets have this name. */
  named(secretName: string, namespace: string | undefined): DocumentSet {
    const among = namespace === undefined ? [...this.#indexed.keys()] : [undefined, namespace]
    return new Map(among.flatMap((one) => [...(this.#indexed.get(one)?.get(secretName) ?? [])]))
  }

  /** Those that need this watch. Of PullSecrets, which can be thousands, only Secrets are watched. */
  watching(resource: keyof WatchedNames, name: string): string[] {
    if (resource === 'secrets') return [...this.named(name, undefined).keys()]
    const ofCluster = [...(this.#indexed.get(undefined)?.values() ?? [])].flatMap((named) => [...named])
    return ofCluster.flatMap((one) => (watchesOf(new Map([one]))[resource].has(name) ? [one[0]] : []))
  }
}

/** The Secrets of all documents in one namespace, or in all of them. */
export function itemsIn(documents: DocumentSet, namespaces: Namespaces, name: string | undefined): WorkItem[] {
  const among = onlyNamed(namespaces, name)
  return [...documents].flatMap(([document, controlled]) =>
    selected(controlled.document, among).map((namespace) => ({ document, namespace })),
  )
}

export const watchesOf = (documents: DocumentSet): WatchedNames => ({
  secrets: new Set([...documents.values()].map(({ document }) => document.secretName)),
  serviceAccounts: new Set([...documents.values()].flatMap(({ document }) => document.attachToServiceAccounts)),
  pods: podReach(documents),
})

/** Of documents in files, and of PullSecrets, whose names the installation limits. */
export const unlimitedWatches = (documents: DocumentSet): WatchedNames =>
  watchesOf(
    new Map([...documents].filter(([, { document }]) => document.source !== resourceSource || tenantOf(document))),
  )

/**
 * Where pods are watched for documents with `stuckPods: Evict`. Those of files need no watch of the whole cluster that a custom resource
 * needs: it may not be permitted.
 */
function podReach(documents: DocumentSet): ReadonlySet<string> {
  const [ofResources, ofFiles] = [true, false].map((isResource) =>
    [...documents.values()].flatMap(({ document }) =>
      (document.source === resourceSource) === isResource ? podPlaces(document) : [],
    ),
  )
  return new Set(ofFiles?.includes(everyNamespace) ? [everyNamespace] : [...(ofFiles ?? []), ...(ofResources ?? [])])
}

/** Namespaces where the document evicts pods; `everyNamespace`: not by name. */
export function podPlaces({ stuckPods, namespaces }: Pick<Document, 'stuckPods' | 'namespaces'>): readonly string[] {
  if (stuckPods === 'Ignore') return []
  const reach = reachOf(namespaces)
  return reach === 'everywhere' ? [everyNamespace] : reach
}

interface Documented {
  readonly name: string
  readonly document: Document
  /** By namespace. */
  readonly secrets: ReadonlyMap<string, SecretState> | undefined
}

/** Whether the entry of each registry is valid. */
export const haveEntries = (
  registries: Document['registries'],
  expiries: ReadonlyMap<string, Date> | undefined,
  now: Date,
): boolean => registries.every(({ name }) => (expiries?.get(name) ?? now) > now)

/** For metrics. */
export function stateOf({ name, document, secrets }: Documented, namespaces: Namespaces, now: Date): DocumentState {
  const desired = selected(document, namespaces)
  const known = desired.flatMap((namespace) => secrets?.get(namespace) ?? [])
  const expiries = new Map<string, Date>()
  for (const [registry, at] of known.flatMap((one) => [...one.earlier, ...one.expiries])) {
    const earliest = expiries.get(registry)
    if (earliest === undefined || at < earliest) expiries.set(registry, at)
  }
  return {
    name,
    desired: desired.length,
    fresh: known.filter((one) => haveEntries(document.registries, one.expiries, now)).length,
    expiries,
  }
}

/** More of them, as after a start with many custom resources, are counted. */
const mostReported = 20

/** What changed in a set of documents. */
export function reportDocuments(before: DocumentSet, after: DocumentSet, { log }: Pick<Context, 'log'>): void {
  // Those of tenants have a status, and as many as tenants write.
  const ofOperators = (documents: DocumentSet) =>
    [...documents].filter(([, one]) => tenantOf(one.document) === undefined)
  const changed = ofOperators(after).filter(([name, { revision }]) => before.get(name)?.revision !== revision)
  const removed = ofOperators(before).filter(([name]) => !after.has(name))
  if (changed.length + removed.length > mostReported) {
    log('info', 'documents changed', { used: after.size, changed: changed.length, removed: removed.length })
    return
  }
  for (const [name, { document }] of changed) {
    const { source, secretName, registries } = document
    const fields = { document: name, source, secretName, registries: registries.map((one) => one.name).join(', ') }
    log('info', before.has(name) ? 'a document was changed' : 'a document is used', fields)
    const former = before.get(name)?.document.secretName ?? secretName
    if (former !== secretName) {
      const fix = 'delete them when no pod names them; pullpass status -f FILE shows them as unused'
      log('warn', 'a document has another secretName: its former pull secrets stay, and are not refreshed', {
        ...fields,
        former,
        fix,
      })
    }
  }
  for (const [name, { document }] of removed) {
    const { source, secretName, owner } = document
    const sentence =
      owner === undefined
        ? 'a document is no longer used: its pull secrets stay, and are not refreshed'
        : 'a document is no longer used: its pull secrets are deleted with it'
    log('info', sentence, { document: name, source, secretName })
  }
}

/** After a list of namespaces: what may be a mistake in a document. A named namespace gets its Secret when it is created. */
export function reportSelections(
  documents: DocumentSet,
  namespaces: readonly Namespace[],
  { log }: Pick<Context, 'log'>,
): void {
  // Those of tenants have a status, and as many as tenants write.
  const all = [...documents.values()].flatMap(({ document }) => (tenantOf(document) === undefined ? document : []))
  try {
    for (const job of planRefresh(all, namespaces)) {
      const { document, missing } = job
      const fields = { document: documentName(document), source: document.source }
      for (const namespace of missing) log('warn', 'a namespace does not exist yet', { ...fields, namespace })
      const mayBeEmpty = document.namespaces.emptyPolicy === 'Allow' || !needsNamespaceList(document.namespaces)
      if (selectsNothing(job) && !mayBeEmpty) log('warn', 'a document selects no namespace', fields)
    }
  } catch (error) {
    if (!(error instanceof PullpassError)) throw error
    // The Secret stays with the document that wrote it first; the other one is refused there.
    log('error', 'two documents claim one Secret', { code: error.code, seen: error.seen })
  }
}
