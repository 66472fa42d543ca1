/**
 * A pull secret's name added to a service account's `imagePullSecrets`, or removed from it. That list is atomic and has
 * entries of other owners: a merge patch with the resourceVersion that was read writes the whole list, or gets 409 when
 * another client was faster.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { type KubernetesCall, readStatus } from '../connection/api-error.ts'
import type { Cluster, ClusterResponse } from '../connection/cluster.ts'
import { foundIn, type Listed, type ListRequest, listByName, metadataOfOne, namedList } from './list.ts'

export interface AttachOptions {
  readonly manager: string
  /** `all`: the API server checks everything and stores nothing. */
  readonly dryRun: 'all' | 'none'
}

/** Each conflict means that another client wrote the same account in between: of n writers the slowest needs n attempts. */
const maxAttempts = 50

/** Nothing is written if the list has the name already. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function attachPullSecret(
  cluster: Cluster,
  account: ServiceAccount,
  secretName: string,
  options: AttachOptions,
): Promise<'attached' | 'unchanged' | 'gone'> {
  const result = await changeNames(cluster, account, options, (names) =>
    names.includes(secretName) ? names : [...names, secretName],
  )
  return result === 'changed' ? 'attached' : result
}

/** Other entries keep their order. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function detachPullSecret(
  cluster: Cluster,
  account: ServiceAccount,
  secretName: string,
  options: AttachOptions,
): Promise<'detached' | 'unchanged' | 'gone'> {
  const result = await changeNames(cluster, account, options, (names) =>
    names.includes(secretName) ? names.filter((name) => name !== secretName) : names,
  )
  return result === 'changed' ? 'detached' : result
}

/** `change` returns the same array where nothing is to be written. */
async function changeNames(
  cluster: Cluster,
  account: ServiceAccount,
  options: AttachOptions,
  change: (names: readonly string[]) => readonly string[],
): Promise<'changed' | 'unchanged' | 'gone'> {
  let seen: ServiceAccount | undefined = account
  for (let attempt = 1; seen && !seen.deleting; attempt++) {
    const names = change(seen.imagePullSecrets)
    if (names === seen.imagePullSecrets) return 'unchanged'
    const response = await patch(cluster, seen, names, options)
    if (response.status === 200) return 'changed'
    if (response.status === 404) return 'gone'
    if (response.status !== 409 || attempt === maxAttempts) throw refused(cluster, response, account)
    seen = foundIn(await listServiceAccounts(cluster, account.name, [account.namespace]), account.namespace)
  }
  return 'gone'
}

async function patch(
  cluster: Cluster,
  { namespace, name, resourceVersion }: ServiceAccount,
  names: readonly string[],
  { manager, dryRun }: AttachOptions,
): Promise<ClusterResponse> {
  const query = new URLSearchParams({ fieldManager: manager, ...(dryRun === 'all' ? { dryRun: 'All' } : {}) })
  return await cluster.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}?${query.toString()}`,
    accept: metadataOfOne,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      metadata: { resourceVersion },
      imagePullSecrets: names.map((secret) => ({ name: secret })),
    }),
  })
}

function refused(cluster: Cluster, response: ClusterResponse, { namespace, name }: ServiceAccount): PullpassError {
  const call: KubernetesCall = { verb: 'patch', resource: 'serviceaccounts', namespace, name }
  if (response.status !== 409) return readStatus(cluster, response, call)
  return new PullpassError({
    code: 'KUBERNETES_REFUSED',
    hop: 'kubernetes',
    seen: `ServiceAccount ${namespace}/${name} was changed ${maxAttempts} times while pullpass updated it`,
    expected: 'a service account that is not changed continuously',
    hint: 'find the other writers: kubectl get serviceaccount -o yaml --show-managed-fields',
    retryable: true,
    causeKey: name,
  })
}

/** Service accounts of one name, with the pull secrets that their pods get. */
export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  /** Names, in their order: new pods get them all. */
  readonly imagePullSecrets: readonly string[]
  /** Names of the field managers that own that list, which is atomic: the last one that changed it. */
  readonly owners: readonly string[]
  readonly deleting: boolean
}

export async function listServiceAccounts(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Listed<ServiceAccount>> {
  const named = { resource: 'serviceaccounts', name, namespaces, accept: 'application/json' } as const
  return await listByName(cluster, named, serviceAccountOf)
}

/** Of one name, in the whole cluster: complete objects, since `PartialObjectMetadata` has no imagePullSecrets. */
export const allServiceAccounts = (name: string): ListRequest =>
  namedList({ resource: 'serviceaccounts', name, accept: 'application/json' })

/** Of those that applied the same list: for messages. */
const mostOwners = 20

export function serviceAccountOf(account: JsonObject): ServiceAccount {
  const metadata = asObject(account['metadata']) ?? {}
  const names = asList(account['imagePullSecrets']).map((entry) => asText(asObject(entry)?.['name']))
  return {
    namespace: asText(metadata['namespace']) ?? '',
    name: asText(metadata['name']) ?? '',
    resourceVersion: asText(metadata['resourceVersion']) ?? '',
    imagePullSecrets: names.filter((name) => name !== undefined),
    owners: asList(metadata['managedFields'])
      .flatMap((entry) => {
        const { manager, fieldsV1 } = asObject(entry) ?? {}
        return typeof manager === 'string' && asObject(fieldsV1)?.['f:imagePullSecrets'] ? [manager] : []
      })
      .slice(0, mostOwners),
    deleting: metadata['deletionTimestamp'] !== undefined,
  }
}
