/** Managed Kubernetes services, which publish the documents of their issuers themselves and fix their URLs: there is nothing to publish. */

/** A service, and the URLs of the issuers whose documents it publishes. */
export interface ManagedService {
  readonly name: string
  /** Anchored at both ends. */
  readonly issuers: readonly RegExp[]
}

/** Vendors by identifier, of which some have a managed Kubernetes service. */
export type ServiceVendors = Readonly<Record<string, { readonly managedService?: ManagedService }>>

/** Services of no vendor: a Gardener installation runs at any domain. https://github.com/gardener/gardener-discovery-server */
const withoutVendor: readonly ManagedService[] = [
  { name: 'Gardener', issuers: [/^https:\/\/[\w.:-]+\/projects\/[\w.-]+\/shoots\/[0-9a-f-]+\/issuer$/] },
]

/** The name of the service that publishes the issuer's documents; undefined if the operator publishes them. */
export function managedServiceOf(issuer: string, vendors: ServiceVendors): string | undefined {
  const services = [...Object.values(vendors).flatMap(({ managedService = [] }) => managedService), ...withoutVendor]
  return services.find(({ issuers }) => issuers.some((pattern) => pattern.test(issuer)))?.name
}
