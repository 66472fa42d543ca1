/** What is to be watched, and where it is to be public: the same for a command and for a controller. */
import type { NamespacedName } from '../../document/document.ts'
import type { ApiServersConfig } from '../../oidc/cluster/api-servers.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import type { EventRecorder } from '../../server/events.ts'
import type { KeyState } from '../key-state.ts'
import type { SafeKey } from '../safe-to-sign.ts'
import type { Alarm } from './alarm.ts'
import type { TrustedAuthorities } from './authorities.ts'

export interface WatchConfig extends Omit<ApiServersConfig, 'authorities'> {
  readonly target: PublishTarget
  /** What strangers are told to expect as `iss`; undefined: where the target is read, or else the cluster's own. */
  readonly issuerUrl: string | undefined
  readonly memory: NamespacedName
  readonly keepForMs: number
  /** Who vouches for API servers. */
  readonly trusted: TrustedAuthorities
  /** Records Events about the ConfigMap of the key state. */
  readonly events: EventRecorder
  /** Thumbprints of keys that --accept-key names. */
  readonly acceptedKeys: readonly string[]
  /** Told of each look's revocations before anything is written: whoever answers from memory does not wait for his store. */
  readonly withhold?: (memory: Pick<KeyState, 'revocations'>) => void
}

/** How a watch stands after a round: what health, metrics and a status command show. */
export interface WatchStatus {
  /** Undefined as long as no look was taken, or no API server read. */
  readonly issuer: string | undefined
  /** When the last round ended. */
  readonly lookedAt: Date
  readonly rounds: number
  readonly replicas: { readonly asked: number; readonly read: number }
  readonly keys: { readonly published: number; readonly remembered: number; readonly revoked: number }
  /** When what is public was last written, or found to be as it should; undefined: never by this process. */
  readonly publishedAt: Date | undefined
  /** Rounds in a row, up to the last one, in which the state could not be read or written. */
  readonly unstoredRounds: number
  /** Keys that are published and served, each with the time from which on it may sign. */
  readonly safeToSign: readonly SafeKey[]
  readonly alarms: readonly Alarm[]
}
