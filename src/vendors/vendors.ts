/** Every provider by the word that a document uses for it, loaded when it is used; a test holds this to the folder. */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import type { DocumentRegistry, ProviderName, SettingsOf } from '../document/document.ts'
import type { Environment } from '../http/context.ts'
import type { Refusal } from '../http/request-errors.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { TrustVendor } from './trust-contract.ts'
import type { ExchangeHop, Provider, ProviderContext } from './vendor.ts'

type Loaders = {
  readonly [Name in ProviderName]: () => Promise<Provider<SettingsOf[Name]>>
}

export const providers: Loaders = {
  gcp: async () => (await import('./gcp/exchange.ts')).gcp,
}

/** A registry with the provider that serves it, so that nobody else asks which vendor it is. */
export interface BoundProvider {
  /** Audiences that the vendor may take; the first is the one to ask for. */
  readonly audiences: readonly [string, ...string[]]
  /** Of its exchange, in their order. */
  readonly hops: readonly ExchangeHop[]
  readonly subjectTokenLifeSeconds: number
  /** How long a new credential lives at most. */
  readonly credentialLifeSeconds: number
  /** @throws VARIABLE_INVALID */
  readonly checkEnvironment: (environment: Environment) => void
  readonly registryRefusal: (message: string) => Refusal | undefined
  readonly exchange: (subjectToken: SubjectToken, context: ProviderContext) => Promise<RegistryCredential>
}

export async function bindProvider<Name extends ProviderName>(
  registry: DocumentRegistry<Name>,
): Promise<BoundProvider> {
  const provider = await providers[registry.provider]()
  return {
    audiences: provider.audiences(registry),
    hops: provider.hops(registry),
    subjectTokenLifeSeconds: provider.subjectTokenLifeSeconds(registry),
    credentialLifeSeconds: provider.credentialLifeSeconds(registry),
    checkEnvironment: (environment) => provider.checkEnvironment(environment),
    registryRefusal: (message) => provider.registryRefusal(message),
    exchange: (subjectToken, context) => provider.exchange(registry, subjectToken, context),
  }
}

/** Every vendor's trust by the word that a document uses for him, loaded when it is used; a test holds this to the schema. */
type TrustLoaders = {
  readonly [Name in ProviderName]: () => Promise<TrustVendor<Name>>
}

export const trustVendors: TrustLoaders = {
  gcp: async () => (await import('./gcp/trust/trust.ts')).googleTrust,
}

/** The command line that a plan's commands are for, by vendor: what `plan -o` is asked for. */
export const commandLines: Readonly<Record<ProviderName, 'gcloud'>> = { gcp: 'gcloud' }
