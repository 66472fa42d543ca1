/** What doctor is asked to look at, and with what. */
import type { Document, NamespacedName } from '../document/document.ts'
import type { IssuerVerifier } from '../oidc/evaluate/issuer-requirements.ts'
import type { TokenSource } from '../refresh/subject-tokens.ts'
import type { ImageReference } from '../registry/image-reference.ts'
import type { MendingCommands } from './remedy/mending-commands.ts'

export interface WantedImage {
  /** As it was written. */
  readonly name: string
  readonly reference: ImageReference
}

export interface Refresher extends NamespacedName {
  /** `guessed`: it is whose token is requested, and another may refresh. */
  readonly known: 'named' | 'guessed'
}

export interface Asked {
  readonly documents: readonly Document[]
  /** The vendors that verify the tokens of these documents: their issuer must meet their requirements. */
  readonly verifiers: readonly IssuerVerifier[]
  /** Where it is set, no other namespace is looked at. */
  readonly namespace: string | undefined
  readonly pod: NamespacedName | undefined
  readonly image: WantedImage | undefined
  /** host[:port] of registries that the nodes reach by plain HTTP. */
  readonly plainHttp: readonly string[]
  /** Whose token is requested in place of one that a file would hold. */
  readonly serviceAccount: NamespacedName | undefined
  /** Who refreshes, as far as that is known from afar: whose rights are asked for. undefined: who asks. */
  readonly refresher: Refresher | undefined
  /** `here`: in the pod that refreshes, or as it would be; a laptop has no projected tokens. */
  readonly tokenFiles: 'here' | 'elsewhere'
  /** Whom this run believes: what it reads by others too, a cloud may not. */
  readonly authorities: 'public ones' | 'others too'
  readonly source: TokenSource
  readonly commands: MendingCommands
}
