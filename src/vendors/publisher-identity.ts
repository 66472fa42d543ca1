/**
 * As whom a pod publishes at a vendor: as itself, by a token of its own account that the vendor's library exchanges, so that no key
 * is needed to publish keys.
 */
import type { RegistryBase } from '../document/document.ts'

/** `As`: an identity at the vendor, as `--publish-as` names it. */
export interface PublisherIdentity<Settings = unknown, As = unknown> {
  /** Undefined for the form of another vendor's identities. */
  parse(text: string): As | undefined

  /** Undefined where `as` is, and a pod has no identity of its own at the vendor. */
  podIdentity(wanted: PodIdentityRequest<Settings, As>): PodIdentity | undefined
}

export interface PodIdentityRequest<Settings, As> {
  /** Names of targets at this vendor, by the scheme of their store. */
  readonly targets: readonly { readonly scheme: string; readonly name: unknown }[]
  /** Registries of this vendor in the documents that publish there. */
  readonly registries: readonly (RegistryBase & { readonly settings: Settings })[]
  readonly as: As | undefined
  /** Of the pod's token: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** The folder of its token and files in the pod. */
  readonly folder: string
}

export interface PodIdentity {
  /** Of the pod's token. */
  readonly audience: string
  /** The token's name in the folder. */
  readonly file: string
  /** What the vendor's library reads. */
  readonly variables: Readonly<Record<string, string>>
  /** Further files in the folder, by name; none contains a secret. */
  readonly files: Readonly<Record<string, string>>
  /** What to grant at the vendor, a sentence for each target. */
  readonly grants: readonly string[]
}
