/** The users of a control plane: their bearer tokens, permissions and kubeconfigs. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { waitUntil } from '../process/wait-until.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

export interface Users {
  readonly adminToken: string
  /** Of `system:node:localhost`, the one node that may join. */
  readonly nodeToken: string
  /** Bearer tokens by user. */
  readonly userTokens: ReadonlyMap<string, string>
  /** All of them, for --token-auth-file. */
  readonly tokenFile: string
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file */
export async function writeUsers(folder: string, names: readonly string[]): Promise<Users> {
  const [adminToken, nodeToken] = [randomToken(), randomToken()]
  const userTokens = new Map(names.map((name) => [name, randomToken()]))
  const lines = [`${adminToken},admin,admin,"system:masters"`, `${nodeToken},system:node:localhost,node,"system:nodes"`]
  for (const [user, token] of userTokens) lines.push(`${token},${user},${user}`)
  const tokenFile = join(folder, 'tokens.csv')
  await writeFile(tokenFile, lines.join('\n'), { mode: 0o600 })
  return { adminToken, nodeToken, userTokens, tokenFile }
}

const randomToken = (): string => randomBytes(24).toString('base64url')

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

/** By RBAC; waits until they are effective. https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
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

/** One cluster and one bearer token; JSON is YAML too. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
export const renderKubeconfig = (
  { server, authority }: Pick<ApiServer, 'server' | 'authority'>,
  token: string,
): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'real', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } },
    ],
    users: [{ name: 'real', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'real' } }],
    'current-context': 'real',
  })

// Who may read the issuer metadata of an API server; by default no anonymous client may.

export const clusterRoleBindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'

/** https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery */
export const issuerDiscoveryBinding = (kind: 'User' | 'Group', name: string): object => ({
  metadata: { name: 'issuer-discovery' },
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'ClusterRole',
    name: 'system:service-account-issuer-discovery',
  },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind, name }],
})

/** Clouds read it without credentials. */
export const anonymousIssuerDiscovery: object = issuerDiscoveryBinding('Group', 'system:unauthenticated')
