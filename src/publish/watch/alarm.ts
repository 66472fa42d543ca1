/** What somebody should know of a publication, while it is so. */
import type { PullpassError } from '../../errors/pullpass-error.ts'

/** In the form of the reasons of Kubernetes' Events. */
export const alarmReasons = [
  /** Where the API servers are is not known: whichever answers is asked. */
  'ReplicasUnknown',
  /** An API server gave no documents: its keys are as they were. */
  'ReplicaUnread',
  /** No token was to be had: a key that signs may be missed. */
  'TokenUnread',
  /** A token is signed by a key that is not public: whoever exchanges it is refused. */
  'KeyUnpublished',
  /** The cluster signs with a key that was revoked. */
  'RevokedKeySigns',
  /** A revocation was taken out of what the cluster remembers, or changed: it holds, and is written back. */
  'RevocationRemoved',
  /** The CA bundle, or the record of believed authorities, is not as it was: only believed ones publish keys. */
  'AuthorityChanged',
  /** A key is served by API servers alone whose word does not publish it. */
  'KeyUnconfirmed',
  /** An API server's clock shows another time: no key is withdrawn for its age. */
  'ClockDiffers',
  /** Tokens carry another issuer than the one that is published. */
  'IssuerDiffers',
  /** A key is public that the cluster never served. */
  'StrangeKey',
  /** A key is remembered, and neither served to this process nor public: it is not taken on the memory's word. */
  'KeyUnvouched',
  /** What is to be public could not be written. */
  'PublishFailed',
  /** Strangers read something else than what was written. */
  'PublicWrong',
  /** What is remembered could not be read. */
  'MemoryUnread',
  /** What is remembered could not be written. */
  'MemoryUnwritten',
] as const

type AlarmReason = (typeof alarmReasons)[number]

export interface Alarm {
  readonly reason: AlarmReason
  /** A kid, an address: two alarms of one reason are told apart by it. */
  readonly subject: string
  /** A sentence, and what to do. */
  readonly message: string
}

/** A failure as the message of an alarm. `meanwhile`: what holds while it lasts. */
export function faultSentence({ code, seen, hint }: PullpassError, meanwhile?: string): string {
  return [`${code}: ${seen}`, meanwhile, hint && `fix: ${hint}`].filter(Boolean).join('; ')
}
