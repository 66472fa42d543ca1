/**
 * Whether this client, or a service account, is allowed to make a request, without making it: reviews store nothing.
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 */
import { accountOf, subjectOf } from '../../identity/service-account.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { malformed, readResponse } from '../connection/response.ts'

export interface AccessQuestion {
  readonly verb: string
  /** Absent: the core group. */
  readonly group?: string
  /** `serviceaccounts/token` for a subresource. */
  readonly resource: string
  /** Absent: any. */
  readonly name?: string | undefined
  /** Absent: in all namespaces. */
  readonly namespace?: string | undefined
}

export interface ReviewedAccount {
  readonly namespace: string
  readonly name: string
}

/**
 * `account`: absent, this client; otherwise the client needs the permission to review the access of others.
 * @throws KUBERNETES_FORBIDDEN if the review itself is not allowed, and what a cluster throws
 */
export async function reviewAccess(
  cluster: Cluster,
  question: AccessQuestion,
  account?: ReviewedAccount,
): Promise<'allowed' | 'denied'> {
  const { verb, group = '', name, namespace } = question
  const [resource, subresource] = question.resource.split('/')
  const resourceAttributes = { group, version: 'v1', resource, subresource, verb, name, namespace }
  const kind = account === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
  const plural = account === undefined ? 'selfsubjectaccessreviews' : 'subjectaccessreviews'
  const response = await cluster.request({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/${plural}`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind,
      spec: { resourceAttributes, ...(account && userOf(account)) },
    }),
  })
  if (response.status !== 201) throw readStatus(cluster, response, { verb: 'create', resource: plural })
  const allowed = asObject(readResponse(cluster, response)['status'])?.['allowed']
  if (typeof allowed !== 'boolean') throw malformed(cluster.server, response.status, Buffer.byteLength(response.body))
  return allowed ? 'allowed' : 'denied'
}

/**
 * The ServiceAccount as which this client is authenticated; undefined for another user. Every authenticated user has the permission.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/
 */
export async function reviewSelf(cluster: Cluster): Promise<ReviewedAccount | undefined> {
  const type = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const response = await cluster.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    contentType: 'application/json',
    body: JSON.stringify(type),
  })
  if (response.status !== 201) throw readStatus(cluster, response, { verb: 'create', resource: 'selfsubjectreviews' })
  const user = asObject(asObject(readResponse(cluster, response)['status'])?.['userInfo'])
  return accountOf(asText(user?.['username']) ?? '')
}

/** As a token of it is known: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens */
const userOf = (account: ReviewedAccount) => ({
  user: subjectOf(account),
  groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`, 'system:authenticated'],
})
