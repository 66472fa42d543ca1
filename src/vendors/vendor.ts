/** The contract of a provider: the code that knows one vendor's exchange, and nothing of Kubernetes. */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import type { RegistryBase } from '../document/document.ts'
import type { Context, Environment } from '../http/context.ts'
import type { Refusal } from '../http/request-errors.ts'
import type { SubjectToken } from '../identity/subject-token.ts'

/** `impersonation`: a service account stands between the token and the credential. */
export type ExchangeHop = 'exchange' | 'impersonation'

/** A registry of a document, with the settings of the provider that serves it. */
export type RegistryOf<Settings> = RegistryBase & { readonly settings: Settings }

export interface Provider<Settings> {
  /** Audiences that the vendor may take for this registry; the first is the one to ask for. */
  audiences(registry: RegistryOf<Settings>): readonly [string, ...string[]]

  /** The hops of this registry's exchange, in their order. */
  hops(registry: RegistryOf<Settings>): readonly ExchangeHop[]

  /** How long a subject token must live for the credential to live its full life, in seconds. */
  subjectTokenLifeSeconds(registry: RegistryOf<Settings>): number

  /** How long a new credential lives at most, in seconds. */
  credentialLifeSeconds(registry: RegistryOf<Settings>): number

  /** Looks at the variables that say where the vendor is asked. @throws VARIABLE_INVALID */
  checkEnvironment(environment: Environment): void

  /** What a registry's refusal means where the vendor's own sentence tells it; undefined where it tells no more. Pure. */
  registryRefusal(message: string): Refusal | undefined

  /** Subject token in, registry credential out; costs the vendor's quota. */
  exchange(
    registry: RegistryOf<Settings>,
    subjectToken: SubjectToken,
    context: ProviderContext,
  ): Promise<RegistryCredential>
}

/** The slice of the outside that an exchange may use. */
export type ProviderContext = Pick<
  Context,
  'transport' | 'now' | 'random' | 'sleep' | 'signal' | 'environment' | 'log' | 'secrets'
>
