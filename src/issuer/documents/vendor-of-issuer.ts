/**
 * Issuers whose vendor publishes the documents itself, and keeps their URL to itself: there is nothing to publish.
 * AWS: https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html; Google:
 * https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity; Azure:
 * https://learn.microsoft.com/azure/aks/use-oidc-issuer; Gardener: https://github.com/gardener/gardener-discovery-server
 */

const vendors: readonly (readonly [string, RegExp])[] = [
  ['EKS', /^https:\/\/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/id\/[A-Z0-9]+$/],
  ['EKS', /^https:\/\/oidc-eks\.[a-z0-9-]+\.api\.aws\/id\/[A-Z0-9]+$/],
  ['GKE', /^https:\/\/container\.googleapis\.com\/v1\/projects\/[\w.:-]+\/locations\/[\w-]+\/clusters\/[\w-]+$/],
  ['AKS', /^https:\/\/[a-z0-9-]+\.oic\.prod-aks\.azure\.(com|us|cn)\/[0-9a-f-]+\/[0-9a-f-]+\/$/],
  ['Gardener', /^https:\/\/[\w.:-]+\/projects\/[\w.-]+\/shoots\/[0-9a-f-]+\/issuer$/],
]

/** `EKS`; undefined where whoever runs the cluster publishes. */
export const vendorOfIssuer = (issuer: string): string | undefined =>
  vendors.find(([, pattern]) => pattern.test(issuer))?.[0]
