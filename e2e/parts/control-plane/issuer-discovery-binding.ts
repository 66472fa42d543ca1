/** Who may read the issuer metadata of an API server; by default no anonymous client may. */

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
