/** Whether a service account is there, before anything rests on it. */
import type { NamespacedName } from '../document/namespaced-name.ts'
import { type AbsentAccount, absentAccount } from './absent-account.ts'
import type { Cluster } from './cluster.ts'
import { readStatus } from './read-status.ts'

/** Undefined where it is there, and where the operator may not look: nothing is known then. @throws KUBERNETES_REFUSED, KUBERNETES_UNREACHABLE */
export async function findAbsentAccount(
  cluster: Cluster,
  { namespace, name }: NamespacedName,
): Promise<AbsentAccount | undefined> {
  const place = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const account = await cluster.request({
    method: 'GET',
    path: `${place}/serviceaccounts/${encodeURIComponent(name)}`,
    accept: metadata,
  })
  if (account.status === 200 || account.status === 403) return undefined
  if (account.status !== 404)
    throw readStatus(cluster, account, { verb: 'get', resource: 'serviceaccounts', namespace, name })
  // Of an account in a namespace that is not there, the API server says no more than that the account is not.
  const { status } = await cluster.request({ method: 'GET', path: place, accept: metadata })
  return absentAccount({ namespace, name }, status === 404 ? 'namespace' : 'account')
}

const metadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
