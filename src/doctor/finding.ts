/** What became of one step of the way: what was seen there, what was expected, and what mends it. Never a secret. */

import type { ErrorCode } from '../errors/error-codes.ts'
import type { Unreached } from '../errors/pullpass-error.ts'
import type { FindingWord } from '../oidc/evaluate/finding.ts'

/** In the order of the way: of two that fail, the first is the one to mend first. */
export const doctorHops = [
  'document',
  'cluster',
  'clock',
  'subject-token',
  'publish',
  'discovery',
  'key',
  'signature',
  'exchange',
  'impersonation',
  'registry',
  'rights',
  'namespace',
  'schedule',
  'secret',
  'stored-credential',
  'write',
  'service-account',
  'pod',
  'pod-secrets',
  'events',
  'back-off',
] as const

export type DoctorHop = (typeof doctorHops)[number]

/** What doctor finds and no run of another command ends on: docs/doctor.md explains each. */
export type DoctorWord =
  | 'OK'
  | 'AFTER_FAILURE'
  | 'NOT_ASKED'
  | 'NOT_HERE'
  | 'NOT_NEEDED'
  | 'NOT_READABLE'
  | 'SAMPLED'
  | 'CLOCK_SKEWED'
  | 'TOKEN_NOT_YET_VALID'
  | 'TOKEN_OF_ANOTHER_CLUSTER'
  | 'KEYS_THINNER'
  | 'KEY_REVOKED'
  | 'IMAGE_NOT_MATCHED'
  | 'IMAGE_PUBLIC'
  | 'MANIFEST_UNKNOWN'
  | 'REPOSITORY_UNKNOWN'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_CREDENTIAL_REFUSED'
  | 'AUTHORIZATION_DROPPED'
  | 'REGISTRY_THROTTLED'
  | 'REGISTRY_UNAVAILABLE'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_PLAIN_HTTP'
  | 'REGISTRY_UNCLEAR'
  | 'RIGHT_MISSING'
  | 'NAMESPACE_NOT_CHOSEN'
  | 'NAMESPACE_TERMINATING'
  | 'GLOB_UNMATCHED'
  | 'REFRESH_SUSPENDED'
  | 'REFRESH_UNPULLABLE'
  | 'SECRET_EXPIRED'
  | 'SECRET_OUTDATED'
  | 'SECRET_EDITED'
  | 'SECRET_UNPARSABLE'
  | 'SECRET_BEING_DELETED'
  | 'SECRET_REWRITTEN'
  | 'STORED_CREDENTIAL_REFUSED'
  | 'SERVICE_ACCOUNT_ABSENT'
  | 'SERVICE_ACCOUNT_DETACHED'
  | 'POD_ABSENT'
  | 'POD_LACKS_SECRET'
  | 'POD_OLDER_THAN_ATTACHMENT'
  | 'OTHER_SECRET_BROKEN'
  | 'OTHER_SECRET_ABSENT'
  | 'OTHER_SECRET_SHADOWS'
  | 'IMAGE_NAME_INVALID'
  | 'IMAGE_NEVER_PULLED'
  | 'IMAGE_SIGNATURE_REFUSED'
  | 'IMAGE_PLATFORM_ABSENT'
  | 'IMAGE_INCOMPLETE'
  | 'NODE_STORE_DAMAGED'
  | 'NODE_DISK_FULL'
  | 'KUBELET_COMPLAINED'
  | 'BACK_OFF_RUNNING'

export type FindingCode = ErrorCode | DoctorWord | FindingWord

export interface Finding {
  readonly hop: DoctorHop
  /** Which one of them: `google of ClusterPullSecret/pull`, `Secret team-a/regcred`. */
  readonly about: string
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly code: FindingCode
  /** Where it is about one of many namespaces: which, and what is alike in the others: `Secret regcred`. */
  readonly namespace?: string | undefined
  readonly alike?: string | undefined
  /** Name of the pull secret of a document that it is about. */
  readonly secret?: string | undefined
  /** Name of the one image that it is about. */
  readonly image?: string | undefined
  /** A sentence without its end. */
  readonly seen: string
  /** How the other side was not reached. */
  readonly unreached?: Unreached | undefined
  /** When what is well now ends. */
  readonly until?: Date | undefined
  /** What failed before, so that this was not looked at. */
  readonly because?: Pick<Finding, 'hop' | 'code'> | undefined
  readonly expected?: string | undefined
  /** What else is the matter there, a line each. */
  readonly also?: readonly string[]
  readonly remedy?: Remedy | undefined
}

/** At least one of them. */
export interface Remedy {
  /** To be pasted into a shell as it is. */
  readonly command?: string | undefined
  readonly words?: string | undefined
}

/** The failure at the earliest of these hops, whatever the order of the findings. */
export function failureOf(findings: readonly Finding[], ...hops: readonly DoctorHop[]): Finding | undefined {
  const failed = findings.filter(({ hop, result }) => result === 'failed' && hops.includes(hop))
  return failed.toSorted((one, other) => doctorHops.indexOf(one.hop) - doctorHops.indexOf(other.hop))[0]
}

/** The failure to fix first: others may follow from it. */
export const firstFailure = (findings: readonly Finding[]): Finding | undefined => failureOf(findings, ...doctorHops)
