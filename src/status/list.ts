/** Every pull secret of one or several clusters, by its metadata. */
import type { Document } from '../document/document.ts'
import { codes } from '../errors/codes.ts'
import { asFault, PullpassError, seenAt, withFix } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { connect } from '../kubernetes/connect.ts'
import type { Cluster, ClusterContext } from '../kubernetes/connection/cluster.ts'
import { type ListRequest, listPages } from '../kubernetes/objects/list.ts'
import { isAbsentNamespace } from '../kubernetes/objects/namespaces.ts'
import { allPullSecrets, anyPullSecret } from '../kubernetes/objects/pull-secrets.ts'
import type { Job } from '../refresh/plan.ts'
import type { JsonObject } from '../text/json-fields.ts'
import { listResources, planDocuments, type ResourceState } from './documents.ts'
import { createFactsReader, type PullSecretFacts } from './facts.ts'

export interface StatusScope {
  readonly kubeconfig: string | undefined
  /** Empty: the current context. */
  readonly contexts: readonly string[]
  /** Empty: the whole cluster. */
  readonly namespaces: readonly string[]
  /** Empty: every name. */
  readonly names: readonly string[]
  /** What is desired; absent: unknown. */
  readonly documents?: readonly Document[]
}

/** One cluster, with what was read of it. */
export interface ClusterStatus {
  /** Absent: the current context. */
  readonly context: string | undefined
  /** Absent if its kubeconfig or its credential cannot be used. */
  readonly server: string | undefined
  readonly secrets: readonly PullSecretFacts[]
  /** Why it, or some of the requested namespaces and names, could not be read. */
  readonly faults: readonly PullpassError[]
  /** Custom resources: of requested namespaces only their PullSecrets; none if only some names were requested. */
  readonly resources: readonly ResourceState[]
  readonly notes: readonly string[]
  /** What the documents select. */
  readonly jobs?: readonly Job[]
}

export type StatusContext = ClusterContext & Pick<Context, 'environment'>

/**
 * One for each context, in their order. Of several lists, one that fails does not stop the others.
 * @throws the error of a single list, and those of invalid input, such as KUBECONFIG_INVALID for a context that does not exist
 */
export async function listStatus(scope: StatusScope, context: StatusContext): Promise<ClusterStatus[]> {
  return await withClusters(scope, context, async (opened) => {
    const lists = listsOf(scope)
    return await Promise.all(
      opened.map(async ({ context: name, cluster }): Promise<ClusterStatus> => {
        if (cluster instanceof PullpassError) {
          return { context: name, server: undefined, secrets: [], faults: [cluster], resources: [], notes: [] }
        }
        // One after the other: the responses of both lists together would be twice the memory.
        const planned = scope.documents && (await planDocuments(scope.documents, cluster).catch(ofCluster))
        const [results, listed] = await Promise.all([
          Promise.all(lists.map(async (list) => await listPages(cluster, list, createKeep()).catch(refusal))),
          scope.names.length > 0 ? { resources: [], notes: [] } : listResources(cluster, scope.namespaces),
        ])
        const failed = results.filter((result) => result instanceof PullpassError)
        const [fault] = failed
        if (fault !== undefined && isSingle(opened, lists)) throw fault
        const secrets = results.flatMap((result) => (result instanceof PullpassError ? [] : result))
        const read = lists.filter((_, index) => !(results[index] instanceof PullpassError))
        const absent = await listAbsent(scope, { secrets, lists: read, cluster })
        const faults = [...failed, ...absent, ...(planned instanceof PullpassError ? [planned] : [])]
        return {
          context: name,
          server: cluster.server,
          secrets,
          faults,
          resources: listed.resources,
          notes: failed.length === lists.length ? [] : listed.notes,
          ...(planned && !(planned instanceof PullpassError) && { jobs: planned }),
        }
      }),
    )
  })
}

/** @throws an error of the documents themselves */
function ofCluster(error: unknown): PullpassError {
  const fault = asFault(error)
  if (codes[fault.code] === 2) throw fault
  return fault
}

interface ReadLists {
  readonly secrets: readonly PullSecretFacts[]
  /** Those that did not fail. */
  readonly lists: readonly ListRequest[]
  readonly cluster: Cluster
}

/** Requested namespaces that do not exist, and requested names that no Secret has. With documents, these state what is missing. */
async function listAbsent(
  { namespaces, names, documents }: StatusScope,
  { secrets, lists, cluster }: ReadLists,
): Promise<PullpassError[]> {
  const isEmpty = (namespace: string) => !secrets.some((secret) => secret.namespace === namespace)
  const read = namespaces.filter((one) => lists.some(({ call }) => call.namespace === one))
  const checks = read.filter(isEmpty).map(async (one) => await checkExists(cluster, one).catch(asFault))
  const absent = (await Promise.all(checks)).filter((one) => one !== undefined)
  if (documents !== undefined || absent.length > 0) return absent
  const isMissing = (name: string) => !secrets.some((secret) => secret.name === name)
  return names.filter((name) => lists.some(({ call }) => call.name === name) && isMissing(name)).map(noneNamed)
}

const noneNamed = (name: string): PullpassError =>
  new PullpassError({
    code: 'SECRET_NOT_FOUND',
    hop: 'kubernetes',
    seen: `no pull secret is named ${name}`,
    expected: 'the name of an existing pull secret as --name',
    hint: 'pullpass status shows the pull secrets of every name',
  })

/** A list in a namespace that does not exist is empty. */
export const checkExists = async (cluster: Cluster, namespace: string): Promise<PullpassError | undefined> =>
  (await isAbsentNamespace(cluster, namespace)) ? absentNamespace(namespace) : undefined

const absentNamespace = (namespace: string): PullpassError =>
  new PullpassError({
    code: 'NAMESPACE_NOT_FOUND',
    hop: 'kubernetes',
    seen: `namespace ${namespace} does not exist`,
    expected: 'an existing namespace as --namespace',
    hint: 'kubectl get namespaces',
  })

/** Of one list. */
export function createKeep(): (item: JsonObject) => PullSecretFacts {
  const readFacts = createFactsReader()
  return (item) => readFacts(anyPullSecret(item))
}

const isSingle = (opened: readonly OpenedCluster[], lists: readonly ListRequest[]) =>
  opened.length === 1 && lists.length === 1

export function listsOf({ namespaces, names }: StatusScope): ListRequest[] {
  const named = names.length === 0 ? [{}] : names.map((name) => ({ name }))
  return named.flatMap((one) =>
    namespaces.length === 0
      ? [allPullSecrets(one)]
      : namespaces.map((namespace) => allPullSecrets({ ...one, namespace })),
  )
}

export interface OpenedCluster {
  readonly context: string | undefined
  readonly cluster: Cluster | PullpassError
}

export async function withClusters<Result>(
  { kubeconfig, contexts }: StatusScope,
  context: StatusContext,
  operation: (opened: readonly OpenedCluster[]) => Promise<Result>,
): Promise<Result> {
  const names = contexts.length === 0 ? [undefined] : contexts
  const opened = await Promise.all(
    names.map(async (name): Promise<OpenedCluster> => {
      const cluster = await connect({ kubeconfig, context: name, retries: 'few' }, context).catch(asFault)
      return { context: name, cluster }
    }),
  )
  try {
    const unusable = opened.map(({ cluster }) => cluster).filter((cluster) => cluster instanceof PullpassError)
    const invalid = unusable.find(({ code }) => codes[code] === 2 || names.length === 1)
    if (invalid !== undefined) throw invalid
    return await operation(opened)
  } finally {
    await Promise.all(
      opened.map(async ({ cluster }) => (cluster instanceof PullpassError ? undefined : await cluster.close())),
    )
  }
}

/** Metadata cannot be granted without data: the hint names smaller rules. */
export function refusal(error: unknown): PullpassError {
  const fault = asFault(error)
  if (fault.code !== 'KUBERNETES_FORBIDDEN') return fault
  return withFix(fault, {
    hint: 'grant list and watch on secrets in a ClusterRole, which allows reading every Secret; or only in some namespaces, with --namespace, or only for some names (resourceNames), with --name',
  })
}

/** Of several contexts, an error names its own. */
export const inContext = (fault: PullpassError, context: string | undefined): PullpassError =>
  context === undefined ? fault : seenAt(fault, `context ${context}`)
