/**
 * The identity with which a pod publishes at a vendor: the vendor's library exchanges a token of the pod's ServiceAccount, so that no
 * long-lived key is needed.
 */
import type { RegistryBase } from '../document/document.ts'

/** `As`: an identity at the vendor, as `--publish-as` names it. */
export interface PublisherIdentity<Settings = unknown, As = unknown> {
  /** Undefined for the form of another vendor's identities. */
  parse(text: string): As | undefined

  /** Undefined if `as` is undefined and a pod has no identity of its own at the vendor. */
  podIdentity(request: PodIdentityRequest<Settings, As>): PodIdentity | undefined
}

export interface PodIdentityRequest<Settings, As> {
  /** Names of targets at this vendor, by the scheme of their store. */
  readonly targets: readonly { readonly scheme: string; readonly name: unknown }[]
  /** Registries of this vendor in the documents that publish there. */
  readonly registries: readonly (RegistryBase & { readonly settings: Settings })[]
  readonly as: As | undefined
  /** Subject of the pod's token: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** The folder with the token and the files in the pod. */
  readonly folder: string
}

export interface PodIdentity {
  /** Audience of the pod's token. */
  readonly audience: string
  /** Name of the token file in the folder. */
  readonly file: string
  /** Variables that the vendor's library reads. */
  readonly variables: Readonly<Record<string, string>>
  /** Further files in the folder, by name; none contains a secret. */
  readonly files: Readonly<Record<string, string>>
  /** The grants at the vendor, a sentence for each target. */
  readonly grants: readonly string[]
}
