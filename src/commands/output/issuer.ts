/** The results of `pullpass issuer`, for programs. */
import type { Code, ErrorCause, ErrorDetail, Instant, Overall } from './envelope.ts'

/** A public key of an issuer. */
export interface Key {
  readonly kid?: string
  /** `RSA`, `EC`. */
  readonly type: string
  /** Size of an RSA key. */
  readonly bits?: number
  /** `P-256`. */
  readonly curve?: string
  /** `RS256`. */
  readonly algorithm?: string
}

/** Whether a vendor can use the issuer. */
export interface IssuerVendor {
  /** The identifier of the vendor; `oidc` is any other verifier. */
  readonly vendor: string
  /** `failed`: the vendor cannot verify tokens. */
  readonly result: 'ok' | 'warning' | 'failed'
}

export interface VendorFinding {
  readonly vendor: string
  readonly result: 'warning' | 'failed'
  readonly code: Code
  /** What was observed. */
  readonly seen: string
  /** What to do, as a sentence. */
  readonly fix?: string
  /** The command to run, ready to paste. */
  readonly command?: string
}

/** `pullpass issuer check` */
export interface IssuerCheckResult {
  readonly kind: 'IssuerCheckResult'
  readonly result: Overall
  readonly issuer: string
  readonly jwksUri?: string
  readonly keys: readonly Key[]
  readonly vendors: readonly IssuerVendor[]
  readonly findings: readonly VendorFinding[]
}

/** `pullpass issuer show` */
export interface IssuerShowResult {
  readonly kind: 'IssuerShowResult'
  /** `failed`: the cluster does not serve the key that signs its tokens. */
  readonly result: Overall
  readonly issuer: string
  readonly jwksUri?: string
  /** `publish`: pullpass may publish; `verify-only`: the vendor publishes; `external`: another tool or cluster publishes. */
  readonly mode: 'publish' | 'verify-only' | 'external'
  readonly modeReason: string
  readonly keys: readonly ServedKey[]
  /** A token that was requested now; absent if the request was refused. */
  readonly token?: IssuerToken
  /** Why no token was requested. */
  readonly tokenUnavailable?: string
  readonly vendors: readonly IssuerVendor[]
  readonly findings: readonly VendorFinding[]
  readonly distribution?: DetectedDistribution
  /** The change of issuer that was requested, or is necessary. */
  readonly change?: IssuerChangePlan
  /** Why there are no steps. */
  readonly planUnavailable?: string
}

export interface ServedKey extends Key {
  /** When `issuer watch` first saw it. */
  readonly firstSeenAt?: Instant
  /** From when on verifiers know it; absent if that is unknown, or the key is not public. */
  readonly safeToSignAt?: Instant
  readonly revoked: boolean
}

interface IssuerToken {
  readonly issuer: string
  readonly kid?: string
  readonly algorithm?: string
  /** Verified with the keys that the cluster serves. */
  readonly signature?: 'verified' | 'wrong' | 'unknown-key' | 'unsupported'
}

interface DetectedDistribution {
  /** Several if the distribution is ambiguous. */
  readonly names: readonly string[]
  readonly detectedBy: string
}

interface IssuerChangePlan {
  readonly fromIssuer: string
  readonly toIssuer: string
  /** Absent if the distribution is not known. */
  readonly steps?: readonly IssuerChangeStep[]
  readonly notes?: readonly string[]
}

export interface IssuerChangeStep {
  readonly description: string
  /** A setting to change. */
  readonly setting?: IssuerSetting
  /** Commands to run. */
  readonly commands: readonly string[]
  readonly notes: readonly string[]
}

interface IssuerSetting {
  readonly location: string
  readonly text: string
}

/** `pullpass issuer publish` */
export interface IssuerPublishResult extends Publication {
  readonly kind: 'IssuerPublishResult'
}

/** `pullpass issuer revoke` */
export interface IssuerRevokeResult extends Publication {
  readonly kind: 'IssuerRevokeResult'
  readonly revocation: Revocation
}

export interface Publication {
  readonly result: Overall
  readonly dryRun: boolean
  readonly issuer: string
  readonly target: string
  readonly documents: readonly PublishedDocument[]
  readonly keys: readonly PublishedKey[]
  /** What anonymous clients read afterwards; empty in a dry run, and if only the vendor stores the keys. */
  readonly checks: readonly PublicationCheck[]
  readonly warnings: readonly string[]
}

export interface PublishedDocument {
  readonly path: string
  readonly result: 'created' | 'updated' | 'unchanged' | 'would-create' | 'would-update'
  /** Members of the JSON object that differ. */
  readonly changedMembers: readonly string[]
}

export interface PublishedKey extends Key {
  /** `kept`: published before, and still published; `left-out`: it cannot be published there. */
  readonly result: 'added' | 'kept' | 'withdrawn' | 'left-out' | 'would-add' | 'would-withdraw'
  /** Why it was left out. */
  readonly reason?: string
  /** From when on verifiers know a key that was added. */
  readonly safeToSignAt?: Instant
}

export interface PublicationCheck {
  readonly check: 'discovery' | 'jwks' | 'token'
  /** `pending`: not yet, for example since a cache serves the previous document. */
  readonly result: 'ok' | 'pending' | 'failed'
  /** What was observed. */
  readonly seen: string
  readonly url?: string
  /** The max-age that the JWKS is served with. */
  readonly cacheSeconds?: number
  /** The check that prevented this one. */
  readonly causedBy?: 'discovery' | 'jwks' | 'token'
  readonly fix?: string
  readonly command?: string
}

interface Revocation {
  readonly kid: string
  /** `unchanged`: it was revoked before. */
  readonly result: 'revoked' | 'unchanged' | 'would-revoke'
  /** When it was revoked before. */
  readonly revokedAt?: Instant
}

/** `pullpass issuer watch` and `pullpass issuer serve`: one document for each round */
export interface IssuerWatchStatus {
  readonly kind: 'IssuerWatchStatus'
  /** `failed`: at least one alarm is active. */
  readonly result: Overall
  /** Absent until an API server was read. */
  readonly issuer?: string
  /** The number of the round. */
  readonly round: number
  /** When the round ended. */
  readonly endedAt: Instant
  readonly apiServers: ApiServerCounts
  readonly keys: KeyCounts
  /** When the public documents were last written or confirmed by this process. */
  readonly publishedAt?: Instant
  /** Consecutive rounds in which the key state could not be read or written. */
  readonly failedStateRounds: number
  /** Keys that are published and served. */
  readonly signingKeys: readonly SigningKey[]
  readonly alarms: readonly ActiveAlarm[]
}

interface ApiServerCounts {
  readonly queried: number
  /** Those that returned their metadata. */
  readonly read: number
}

interface KeyCounts {
  readonly published: number
  readonly recorded: number
  readonly revoked: number
}

interface SigningKey {
  readonly kid: string
  readonly safeToSignAt: Instant
  /** Whether the cluster signs with it. */
  readonly signing: boolean
}

interface ActiveAlarm extends ErrorDetail {
  /** The `kid` or the API server that it is about; empty if there is only one alarm of its code. */
  readonly subject: string
  /** The error that it follows from. */
  readonly causedBy?: ErrorCause
}
