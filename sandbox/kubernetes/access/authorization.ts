/** Authorization by RBAC rules. A user without rules may do everything, like a cluster administrator.
 *  https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
import { forbidden, StatusError } from '../calls/status-error.ts'
import { anonymous } from './authentication.ts'

interface Rule {
  readonly verbs: readonly string[]
  /** Absent: only the core group. */
  readonly apiGroups?: readonly string[]
  /** Plural names, with a subresource after a slash: `serviceaccounts/token`. */
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  /** The namespace to which it applies; absent: the whole cluster, as with a ClusterRoleBinding. */
  readonly namespace?: string
  readonly nonResourceURLs?: readonly string[]
}

/** The attributes of a request, for the authorizer. */
export interface Attributes {
  readonly user: string
  readonly verb: string
  /** Of the resource; absent: the core group. */
  readonly group?: string
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly path: string
}

export interface Authorization {
  /** Restricts the user to these rules. */
  permit(user: string, rules: readonly Rule[]): void
  /** Denies requests that match the rule to all users; the returned function removes the denial. */
  forbid(rule: Rule): () => void
  isAllowed(attributes: Attributes): boolean
  /** Whether the user has no rules, and may therefore do everything. */
  isUnrestricted(user: string): boolean
}

/** What every client may read, by the default ClusterRole system:public-info-viewer. */
const publicRules: readonly Rule[] = [
  { verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] },
]

/** By the default ClusterRoles system:service-account-issuer-discovery, system:discovery and system:basic-user. */
const accountRules: readonly Rule[] = [
  ...publicRules,
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/.well-known/openid-configuration',
      '/openid/v1/jwks',
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/openapi/*',
    ],
  },
  { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'] },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
]

export function createAuthorization(): Authorization {
  const permitted = new Map<string, readonly Rule[]>([[anonymous, publicRules]])
  const denied = new Set<Rule>()
  return {
    permit(user, rules) {
      permitted.set(user, [...(user === anonymous ? publicRules : accountRules), ...rules])
    },
    forbid(rule) {
      denied.add(rule)
      return () => denied.delete(rule)
    },
    isAllowed(attributes) {
      if ([...denied].some((rule) => covers(rule, attributes))) return false
      return permitted.get(attributes.user)?.some((rule) => covers(rule, attributes)) ?? true
    },
    isUnrestricted: (user) => !permitted.has(user),
  }
}

function covers(rule: Rule, { verb, group = '', resource, namespace, name, path }: Attributes): boolean {
  if (!isAmong(rule.verbs, verb)) return false
  if (resource === undefined) return (rule.nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, path))
  if (!isAmong(rule.apiGroups ?? [''], group) || !isAmong(rule.resources ?? [], resource)) return false
  if (rule.namespace !== undefined && rule.namespace !== namespace) return false
  return rule.resourceNames === undefined || rule.resourceNames.includes(name ?? '')
}

const isAmong = (allowed: readonly string[], requested: string): boolean =>
  allowed.includes('*') || allowed.includes(requested)

const matchesPath = (pattern: string, path: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path

/** Authorizes a request. @throws StatusError 403 with the API's message
 *  https://kubernetes.io/docs/reference/access-authn-authz/authorization/ */
export function authorize(authorization: Authorization, attributes: Attributes): void {
  if (authorization.isAllowed(attributes)) return
  const { user, verb, group = '', resource, namespace, name, path } = attributes
  const attempt = `User ${JSON.stringify(user)} cannot ${verb}`
  if (resource === undefined) {
    throw new StatusError(403, 'Forbidden', `forbidden: ${attempt} path ${JSON.stringify(path)}`, {})
  }
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope'
  const subject = { ...(name && { name }), ...(group && { group }), kind: resource.split('/')[0] ?? resource }
  throw forbidden(
    subject,
    `${attempt} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`,
  )
}
