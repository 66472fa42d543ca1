/** The results of `pullpass inspect`, for programs. No credential is part of them. */
import type { ErrorDetail, Instant, Overall } from './envelope.ts'

/** `pullpass inspect` and `pullpass inspect serviceaccount` */
export interface InspectTokenResult {
  readonly kind: 'InspectTokenResult'
  readonly result: Overall
  readonly tokens: readonly InspectedToken[]
}

export interface InspectedToken {
  /** The file, or the service account that it was requested for. */
  readonly source: string
  readonly result: Overall
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
  readonly issuedAt?: Instant
  readonly expiresAt: Instant
  /** Name of the Pod that it is bound to. */
  readonly pod?: string
  readonly node?: string
  /** Of the key that signed it; the signature is not verified. */
  readonly kid?: string
  readonly algorithm?: string
  /** Why the registries of the documents, or any verifier, will refuse it. */
  readonly errors: readonly ErrorDetail[]
}

/** `pullpass inspect secret` */
export interface InspectSecretResult {
  readonly kind: 'InspectSecretResult'
  readonly result: Overall
  readonly namespace: string
  readonly name: string
  /** The type of the Secret. */
  readonly type: string
  /** Field managers that own the credential. */
  readonly managers: readonly string[]
  /** Field managers that own other fields. */
  readonly otherManagers: readonly string[]
  /** The document that it is written for, if pullpass wrote it. */
  readonly document?: string
  readonly refreshedAt?: Instant
  /** The entries of `.dockerconfigjson`. */
  readonly entries: readonly InspectedEntry[]
  readonly kubelet: InspectedKubelet
  /** Why pulls fail. */
  readonly errors: readonly ErrorDetail[]
  readonly notes: readonly string[]
}

export interface InspectedEntry {
  readonly host: string
  readonly username: string
  readonly expiresAt?: Instant
  /** How the entry compares with --image. */
  readonly match?: 'match' | 'other-host' | 'other-port' | 'other-path'
}

interface InspectedKubelet {
  /** Whether a kubelet can parse the Secret: if not, Pods that name it pull nothing. */
  readonly parses: boolean
  /** The image of --image. */
  readonly image?: string
  /** Entries in the order in which a kubelet tries them for the image. */
  readonly triedHosts?: readonly string[]
}
