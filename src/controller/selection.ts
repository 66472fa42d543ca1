/** Which Secrets documents select in the namespaces of the cluster: pure. */
import { type Document, documentName, resourceSource } from '../document/document.ts'
import { reachOf, selectNamespaces } from '../document/namespaces.ts'
import type { Namespace } from '../kubernetes/objects/namespaces.ts'
import type { PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { evaluateOwnership, type Takeover } from '../refresh/ownership.ts'
import type { DocumentSet } from './documents.ts'
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

/** `refused`: the Secret is that of another document in use, and two that take it over would overwrite each other in turn. */
export function takeoverOf(
  document: Document,
  { found, there }: { readonly found: PullSecretMetadata | undefined; readonly there: Namespace },
  index: { readonly named: (secretName: string, namespace: string) => DocumentSet },
): Takeover {
  if (document.conflictPolicy !== 'Adopt' || found === undefined) return 'permitted'
  const others = [...index.named(document.secretName, there.name).values()].filter(
    ({ document: other }) => documentName(other) !== documentName(document) && isSelected(other, there),
  )
  const isOfOther = others.some((one) => ['update', 'restore'].includes(evaluateOwnership(found, one.document).verdict))
  return isOfOther ? 'refused' : 'permitted'
}

/** The Secrets of all documents in one namespace, or in all of them. */
export function itemsIn(documents: DocumentSet, namespaces: Namespaces, name: string | undefined): WorkItem[] {
  const among = onlyNamed(namespaces, name)
  return [...documents].flatMap(([document, controlled]) =>
    selected(controlled.document, among).map((namespace) => ({ document, namespace })),
  )
}

/** `secretNames`: of Secrets that are watched, whether or not a document names them. */
export const watchesOf = (documents: DocumentSet, secretNames: readonly string[] = []): WatchedNames => ({
  secrets: new Set([...secretNames, ...Array.from(documents.values(), ({ document }) => document.secretName)]),
  serviceAccounts: new Set([...documents.values()].flatMap(({ document }) => document.attachToServiceAccounts)),
  pods: podReach(documents),
})

/**
 * Where pods are watched for documents with `stuckPods: Evict`. Those of files need no watch of the whole cluster that a custom resource
 * needs: it may not be permitted.
 */
function podReach(documents: DocumentSet): ReadonlySet<string> {
  const [ofResources, ofFiles] = [true, false].map((isResource) =>
    [...documents.values()].flatMap(({ document }) =>
      (document.source === resourceSource) === isResource ? podNamespaces(document) : [],
    ),
  )
  return new Set(ofFiles?.includes(everyNamespace) ? [everyNamespace] : [...(ofFiles ?? []), ...(ofResources ?? [])])
}

/** Namespaces where the document evicts pods; `everyNamespace`: not by name. */
export function podNamespaces({
  stuckPods,
  namespaces,
}: Pick<Document, 'stuckPods' | 'namespaces'>): readonly string[] {
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
