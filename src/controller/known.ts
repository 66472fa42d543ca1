/** What the controller knows at one time, for its reports: metrics, the status page, custom resources, Events and evictions. Pure. */
import { earliest } from '../credential/registry-credential.ts'
import { type Document, documentName, tenantOf } from '../document/document.ts'
import { described, type PullpassError } from '../errors/pullpass-error.ts'
import type { StuckPod } from '../kubernetes/objects/pending-pods.ts'
import { type ExchangeRequest, mintFingerprint } from '../refresh/exchange-requests.ts'
import type { LeaderElection } from '../server/leader-election.ts'
import type { Credentials } from './credentials.ts'
import type { CustomResource } from './custom-resources.ts'
import { namespacesToDelete } from './deletions/delete-secrets.ts'
import type { UsedDocuments } from './documents/used-documents.ts'
import type { WatchLimit } from './documents/watch-limit.ts'
import type { DocumentSet } from './documents.ts'
import type { Evictable, PodEvictions } from './evictions/evict-pods.ts'
import { servedSince } from './evictions/stuck-pods.ts'
import type { IssuerWatches } from './issuer/issuer-watches.ts'
import { type PageFacts, pageDocument } from './page/page-facts.ts'
import type { SecretState } from './reconcile.ts'
import type { ControllerState, DocumentState } from './report/metrics.ts'
import type { FurtherFault, ResourceFacts } from './resource-status.ts'
import { isSelected, podNamespaces, selected, stateOf, watchesOf } from './selection.ts'
import type { ControllerStatus } from './status.ts'
import { type ClusterView, everyNamespace, type WatchedNames } from './watch-cluster.ts'
import type { WorkItem, WorkQueue } from './work-queue.ts'

export interface Known {
  readonly documents: Pick<UsedDocuments, 'files' | 'index'>
  /** By document and namespace. */
  readonly states: ReadonlyMap<string, ReadonlyMap<string, SecretState>>
  readonly view: ClusterView
  readonly watchLimit: Pick<WatchLimit, 'faultOf'>
  /** Absent: this is the only replica. */
  readonly election: LeaderElection | undefined
  /** Undefined on a standby, which does not know what is fresh. */
  readonly work:
    | {
        readonly queue: Pick<WorkQueue<WorkItem>, 'depth' | 'oldestMs'>
        readonly credentials: Credentials
        readonly issuers: Pick<IssuerWatches, 'endpoints'>
      }
    | undefined
  readonly now: Date
}

/** For metrics and health checks. */
export function controllerState(known: Known): ControllerState {
  const { documents, view, election, work } = known
  return {
    // Only when it is read: probes need the rest, and each document is evaluated for all namespaces.
    get documents() {
      return statesOf(known.documents.index.ofOperators, known)
    },
    get tenants() {
      return countTenants(known)
    },
    leading: election === undefined || election.leading,
    get invalidResources() {
      return invalidOf(view.resources).length + invalidOf(view.tenants).length
    },
    leaseProblem: election?.problem,
    queueDepth: work?.queue.depth ?? 0,
    oldestMs: work?.queue.oldestMs ?? 0,
    issuers: work?.issuers.endpoints,
    watchRestarts: view.restarts,
    viewProblems: view.problems(watchesOf(documents.files)),
    tenantProblems: view.tenantProblems(),
  }
}

/** By name; empty on a standby. */
function statesOf(documents: DocumentSet, { states, view, work, now }: Known): DocumentState[] {
  const { objects } = view.namespaces
  return (work === undefined ? [] : byName(documents)).map(([name, { document }]) =>
    stateOf({ name, document, secrets: states.get(name) }, objects, now),
  )
}

/** Documents are kept in the order of their last changes. */
const byName = (documents: DocumentSet) => [...documents].toSorted(([one], [other]) => (one < other ? -1 : 1))

function countTenants(known: Known): ControllerState['tenants'] {
  const { all, ofOperators } = known.documents.index
  const states = statesOf(new Map([...all].filter(([name]) => !ofOperators.has(name))), known)
  const exchangesWaiting = known.work?.credentials.waitingExchanges ?? 0
  return {
    desired: sum(states.map(({ desired }) => desired)),
    fresh: sum(states.map(({ fresh }) => fresh)),
    exchangesWaiting,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** For the status page. */
export function pageFactsOf(known: Known, reported: ControllerStatus['reported']): PageFacts {
  const { election, view, work, now } = known
  const { objects } = view.namespaces
  // Of a tenant, each has a status, which its tenant reads.
  const documents = byName(known.documents.index.ofOperators).map(([name, { document }]) => {
    const secrets = view.secrets(document.secretName)?.objects
    return { name, document, states: known.states.get(name), secrets }
  })
  return {
    ...reported,
    problems: [...reported.problems, ...invalidResources(view)],
    at: now,
    lease: election && `${election.lease.namespace}/${election.lease.name}`,
    role: work === undefined ? 'standby' : 'leader',
    documents: work ? documents.map((one) => pageDocument(one, objects, work.credentials, now)) : [],
    tenants: { ...countTenants(known), invalid: invalidOf(view.tenants).length },
    queue: { depth: work?.queue.depth ?? 0, oldestMs: work?.queue.oldestMs ?? 0 },
  }
}

const invalidOf = ({ objects }: ClusterView['resources']) =>
  [...objects.values()].filter(({ fault, unused }) => fault !== undefined && unused === undefined)

/** Those of tenants are counted. */
const invalidResources = ({ resources }: ClusterView): string[] =>
  invalidOf(resources).flatMap(({ document, controlled, fault, deletion }) => {
    const used = controlled === undefined ? 'it is not used' : 'its last valid version is in use'
    return fault === undefined || deletion !== 'none' ? [] : `${document}: invalid, ${used}: ${described(fault)}`
  })

/** Of a custom resource, for its status. */
export function resourceFacts(
  resource: CustomResource,
  { credentials, evictions }: { readonly credentials: Credentials; readonly evictions: Pick<PodEvictions, 'faultOf'> },
  known: Known,
): ResourceFacts {
  const { documents, states, view } = known
  const { document: name } = resource
  const used = documents.index.all.get(name)
  const { synced, objects } = view.namespaces
  const document = resource.controlled?.document
  const ofDocument = states.get(name)
  return {
    resource,
    usedInstead: used === resource.controlled ? undefined : used?.document.source,
    secrets:
      synced && document !== undefined
        ? new Map(selected(document, objects).map((namespace) => [namespace, ofDocument?.get(namespace)]))
        : undefined,
    notSelected: document === undefined ? 0 : namespacesToDelete(document, view).length,
    watchRefusal: document && refusalOf('secrets', document.secretName, known),
    isWatched: document === undefined || watchesFor(document, view).every(isTried),
    absentAccounts: (document?.attachToServiceAccounts ?? []).filter((account) => isAbsent(account, view)),
    further: document === undefined ? [] : furtherFaults(document, { ofDocument, evictions, known }),
    exchangeFaults: credentials.faultsOf(resource.controlled?.requests ?? []),
    retriesLimited: credentials.areLimited(resource.controlled?.requests ?? []),
  }
}

const isTried = (watch: Pick<ClusterView['namespaces'], 'synced' | 'fault'> | undefined): boolean =>
  watch === undefined || watch.synced || watch.fault !== undefined

function isAbsent(account: string, view: ClusterView): boolean {
  const watched = view.serviceAccounts(account)
  return watched?.synced === true && watched.objects.size === 0
}

/** In addition to that of its Secrets. */
const watchesFor = (document: Document, view: ClusterView) => [
  ...document.attachToServiceAccounts.map((name) => view.serviceAccounts(name)),
  ...podNamespaces(document).map((namespace) => view.pods(namespace)),
]

/** Why objects of this name are not watched: they may not be, or too many names are stated. */
const refusalOf = (
  resource: keyof WatchedNames,
  name: string,
  { watchLimit, view }: Known,
): PullpassError | undefined => watchLimit.faultOf(resource, name) ?? view.refusal(resource, name)

interface FurtherKnown {
  readonly ofDocument: ReadonlyMap<string, SecretState> | undefined
  readonly evictions: Pick<PodEvictions, 'faultOf'>
  readonly known: Known
}

function furtherFaults(document: Document, { ofDocument, evictions, known }: FurtherKnown): FurtherFault[] {
  const refused = document.attachToServiceAccounts.flatMap((account) => {
    const fault = refusalOf('serviceAccounts', account, known)
    return fault === undefined ? [] : { account, fault }
  })
  const failed = [...(ofDocument?.values() ?? [])].flatMap(({ attach }) => attach?.failure ?? [])
  const [unwatched] = podNamespaces(document).flatMap((namespace) => podsRefusal(namespace, known) ?? [])
  const evicted = unwatched ?? evictions.faultOf(documentName(document))
  return [...refused, ...failed.slice(0, 1), ...(evicted === undefined ? [] : [{ fault: evicted }])]
}

/** A watch of all pods includes those of the namespace, which is not watched then. */
const podsRefusal = (namespace: string, known: Known) =>
  refusalOf('pods', namespace, known) ??
  (known.view.pods(namespace) === undefined ? refusalOf('pods', everyNamespace, known) : undefined)

/** The earliest entry of this credential in a Secret. */
export function expiryOf({ mintedFrom }: ExchangeRequest, known: Known): Date | undefined {
  const { documents, states, view, now } = known
  const times = [...documents.index.sharing(mintedFrom)].flatMap(([name, { document }]) => {
    const registries = document.registries.filter((registry) => mintFingerprint(document, registry) === mintedFrom)
    const { expiries } = stateOf({ name, document, secrets: states.get(name) }, view.namespaces.objects, now)
    return registries.map((registry) => expiries.get(registry.name))
  })
  return earliest(times)
}

/** The documents whose status an exchange changes: of a tenant those that share its credential; undefined: any. */
export const documentsOf = (request: ExchangeRequest, { documents }: Known): readonly (string | undefined)[] =>
  tenantOf(request.document) === undefined ? [undefined] : [...documents.index.sharing(request.mintedFrom).keys()]

/** The document whose Secret serves the image of this pod, if it requests that such pods are evicted. */
export function evictableFor(pod: StuckPod, { documents, view, work, now }: Known): Evictable | undefined {
  const there = view.namespaces.objects.get(pod.namespace)
  if (there === undefined || work === undefined) return undefined
  for (const [name, { document }] of documents.index.in(pod.namespace)) {
    const { secretName, attachToServiceAccounts: names } = document
    const secret = view.secrets(secretName)?.objects.get(pod.namespace)
    if (document.stuckPods !== 'Evict' || secret === undefined || !isSelected(document, there)) continue
    const accounts = names.includes(pod.serviceAccountName) ? view.serviceAccounts(pod.serviceAccountName) : undefined
    const surroundings = { secret, account: accounts?.objects.get(pod.namespace) }
    const since = servedSince(document, pod, surroundings, { credentials: work.credentials, now })
    if (since !== undefined) return { document: name, secretName, servedSince: since }
  }
  return undefined
}
