/** Grants permissions to a user by RBAC, and waits until they are effective: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
import { waitUntil } from '../process/wait-until.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

export interface UserRule {
  readonly verbs: readonly string[]
  /** Absent: the core group. */
  readonly apiGroups?: readonly string[]
  /** `serviceaccounts/token` among them. */
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  /** Present: a Role; absent: a ClusterRole. */
  readonly namespace?: string
}

export interface User {
  readonly name: string
  readonly token: string
}

export async function grantPermissions(apiServer: ApiServer, user: User, rules: readonly UserRule[]): Promise<void> {
  for (const [index, rule] of rules.entries())
    await createRoleAndBinding(apiServer, user, `${user.name}-${index}`, rule)
  const asUser = { ...apiServer, adminToken: user.token }
  for (const rule of rules) await waitUntil(`the permissions of ${user.name}`, 10_000, () => isAllowed(asUser, rule))
}

async function createRoleAndBinding(apiServer: ApiServer, user: User, name: string, { namespace, ...rule }: UserRule) {
  const [prefix, kind] = namespace === undefined ? ['', 'ClusterRole'] : [`namespaces/${namespace}/`, 'Role']
  const create = async (collection: string, body: object) => {
    const path = `/apis/rbac.authorization.k8s.io/v1/${prefix}${collection}`
    const response = await requestKubernetes(apiServer, { method: 'POST', path, body: { metadata: { name }, ...body } })
    if (response.status !== 201) throw new Error(`${path} returned ${response.status}: ${response.body}`)
  }
  const apiGroups = rule.resources && { apiGroups: [''] }
  const apiGroup = 'rbac.authorization.k8s.io'
  await create(`${kind.toLowerCase()}s`, { rules: [{ ...apiGroups, ...rule }] })
  await create(`${kind.toLowerCase()}bindings`, {
    roleRef: { apiGroup, kind, name },
    subjects: [{ apiGroup, kind: 'User', name: user.name }],
  })
}

/** The API server loads new rules asynchronously by a watch. */
async function isAllowed(asUser: ApiServer, rule: UserRule): Promise<true | undefined> {
  const [resource, subresource] = rule.resources?.[0]?.split('/') ?? []
  const {
    verbs: [verb],
    apiGroups: [group] = [],
    nonResourceURLs: [path] = [],
    resourceNames: [name] = [],
    namespace,
  } = rule
  const spec = path
    ? { nonResourceAttributes: { verb, path } }
    : { resourceAttributes: { verb, group, resource, subresource, name, namespace } }
  const { body } = await requestKubernetes(asUser, {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: { spec },
  })
  const review: { status?: { allowed?: boolean } } = JSON.parse(body)
  return review.status?.allowed || undefined
}
