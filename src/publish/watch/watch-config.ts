/** What a watch reads and publishes, and its status after each round. */
import type { NamespacedName } from '../../document/document.ts'
import type { ApiServersConfig } from '../../oidc/cluster/api-servers.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import type { EventRecorder } from '../../server/events.ts'
import type { SafeKey } from '../safe-to-sign.ts'
import type { ServedDocuments } from '../serve/served-documents.ts'
import type { Alarm } from './alarms.ts'
import type { TrustedAuthorities } from './authorities.ts'

export interface WatchConfig extends Omit<ApiServersConfig, 'authorities'> {
  readonly target: PublishTarget
  /** The `iss` that verifiers expect; undefined: where the target is read, or else the cluster's own. */
  readonly issuerUrl: string | undefined
  readonly keyStateRef: NamespacedName
  readonly keepForMs: number
  /** From the start of one round to the start of the next; absent: 15 s. */
  readonly intervalMs?: number
  /** The certificate authorities of API servers. */
  readonly trusted: TrustedAuthorities
  /** Records Events about the ConfigMap of the key state. */
  readonly events: EventRecorder
  /** Thumbprints of keys that --accept-key names. */
  readonly acceptedKeys: readonly string[]
  /** How often the target is read although no key changed, to find changes of other writers; absent: every five minutes. */
  readonly checkIntervalMs?: number
  /** Of a process that serves the documents itself: it follows each publication, and each revocation before that is published. */
  readonly served?: Pick<ServedDocuments, 'replace' | 'withhold'>
}

/** The status after a round, for health, metrics and a status command. */
export interface WatchStatus {
  /** Undefined before the first round in which an API server was read. */
  readonly issuer: string | undefined
  /** When the last round ended. */
  readonly finishedAt: Date
  readonly rounds: number
  readonly replicas: { readonly queried: number; readonly read: number }
  readonly keys: { readonly published: number; readonly recorded: number; readonly revoked: number }
  /** When what is public was last written, or found to be as it should; undefined: never by this process. */
  readonly publishedAt: Date | undefined
  /** Rounds in a row, up to the last one, in which the state could not be read or written. */
  readonly unstoredRounds: number
  /** Keys that are published and served, each with the time from which on it may sign. */
  readonly safeToSign: readonly SafeKey[]
  readonly alarms: readonly Alarm[]
}

/** Longer than the longest token that clouds accept, with the cache of verifiers. */
export const defaultKeepForMs: number = 48 * 3_600_000
/** A round that waits for API servers that do not respond takes longer. */
export const defaultIntervalMs = 15_000
const confirmationMs = 10 * 60_000

/** So many complete rounds in a row, ten minutes of them, must miss a key or an API server before it counts as gone. */
export const confirmingRounds = ({ intervalMs = defaultIntervalMs }: Pick<WatchConfig, 'intervalMs'>): number =>
  Math.ceil(confirmationMs / intervalMs)
