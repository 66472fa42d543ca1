/** The selected namespaces, with their pull secrets and data, and the service accounts that documents attach them to. */
import type { Document } from '../../document/document.ts'
import { needsNamespaceList } from '../../document/namespaces.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import type { Listed } from '../../kubernetes/objects/list.ts'
import { listNamespaces, type Namespace } from '../../kubernetes/objects/namespaces.ts'
import { type PullSecretContent, readPullSecretData } from '../../kubernetes/objects/pull-secrets.ts'
import { listServiceAccounts, type ServiceAccount } from '../../kubernetes/objects/service-accounts.ts'
import { type Job, planRefresh } from '../../refresh/plan.ts'
import { defineSource, type Source } from '../hop.ts'
import { clusterSource } from './cluster.ts'

export interface SecretFacts {
  readonly document: Document
  readonly namespace: string
  /** undefined: it does not exist. */
  readonly content: PullSecretContent | PullpassError | undefined
}

export interface AccountFacts {
  readonly document: Document
  readonly namespace: string
  readonly name: string
  readonly account: ServiceAccount | PullpassError | undefined
}

export interface NamespaceFacts {
  readonly jobs: readonly Job[]
  /** All of the cluster; undefined without permission to list them. */
  readonly namespaces: readonly Namespace[] | undefined
  readonly secrets: readonly SecretFacts[]
  readonly accounts: readonly AccountFacts[]
}

/** Of each document so many namespaces are tried by dry runs: what an admission policy refuses in one, it refuses in all. */
export const mostNamespaces = 20

/** Or why the namespaces are not known. @throws SECRET_CLAIMED_TWICE */
export const namespacesSource: Source<NamespaceFacts | PullpassError | undefined> = defineSource({
  needs: { cluster: clusterSource },
  step: { hops: ['namespace', 'secret', 'service-account'], of: 'cluster' },
  otherwise: undefined,
  gather: async ({ cluster }, { request: { documents, namespace } }) =>
    cluster?.cluster && (await gatherNamespaces(documents, namespace, cluster.cluster).catch(asFault)),
})

/** undefined where they are not known. */
export const knownNamespaces = (facts: NamespaceFacts | PullpassError | undefined): NamespaceFacts | undefined =>
  facts instanceof PullpassError ? undefined : facts

async function gatherNamespaces(
  documents: readonly Document[],
  namespace: string | undefined,
  cluster: Cluster,
): Promise<NamespaceFacts | PullpassError> {
  const namespaces = await listNamespaces(cluster).catch(asFault)
  // Where all are named, no permission to list them is needed: each is read as if it existed.
  if (namespaces instanceof PullpassError && documents.some((one) => needsNamespaceList(one.namespaces)))
    return namespaces
  const known: readonly Namespace[] | undefined = namespaces instanceof PullpassError ? undefined : namespaces
  const jobs = planRefresh(documents, known).map((job) => within(job, namespace))
  const [secrets, accounts] = await Promise.all([
    Promise.all(jobs.map((job) => gatherSecrets(job, cluster))),
    Promise.all(jobs.map((job) => gatherAccounts(job, cluster))),
  ])
  return { jobs, namespaces: known, secrets: secrets.flat(), accounts: accounts.flat() }
}

function within(job: Job, namespace: string | undefined): Job {
  if (namespace === undefined) return job
  const only = (names: readonly string[]) => names.filter((name) => name === namespace)
  return {
    ...job,
    namespaces: only(job.namespaces),
    terminating: only(job.terminating),
    missing: only(job.missing),
    unmatched: [],
  }
}

async function gatherSecrets({ document, namespaces }: Job, cluster: Cluster): Promise<SecretFacts[]> {
  if (namespaces.length === 0) return []
  const listed = await readPullSecretData(cluster, document.secretName, namespaces).catch(asFault)
  return namespaces.map((namespace) => ({ document, namespace, content: lookUp(listed, namespace) }))
}

async function gatherAccounts({ document, namespaces }: Job, cluster: Cluster): Promise<AccountFacts[]> {
  if (namespaces.length === 0) return []
  const lists = document.attachToServiceAccounts.map(async (name) => {
    const listed = await listServiceAccounts(cluster, name, namespaces).catch(asFault)
    return namespaces.map((namespace) => ({ document, namespace, name, account: lookUp(listed, namespace) }))
  })
  return (await Promise.all(lists)).flat()
}

const lookUp = <T>(listed: Listed<T> | PullpassError, namespace: string): T | PullpassError | undefined =>
  listed instanceof PullpassError ? listed : (listed.faults.get(namespace) ?? listed.found.get(namespace))
