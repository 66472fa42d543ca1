/** Errors of stores by HTTP status; the vendor's message comes from known fields only. */
import type { ErrorCode } from '../errors/codes.ts'
import { type Fix, PullpassError } from '../errors/pullpass-error.ts'
import type { Redacted } from '../text/redacted.ts'
import { quoteSafely } from '../text/secret-register.ts'

export interface StoreRefusal {
  /** The vendor, for messages. */
  readonly service: string
  /** The target, as the user names it. */
  readonly target: string
  readonly doing: 'reading' | 'writing'
  readonly status: number
  /** The error code and message of the store. */
  readonly message: string | undefined
  readonly fixes: StoreFixes
  /** Of the run. */
  readonly secrets: Iterable<Redacted>
}

export interface StoreFixes {
  /** The grant that is missing. */
  readonly denied: Fix
  /** Creates the bucket. */
  readonly missing: Fix
}

export function storeFault(refusal: StoreRefusal): PullpassError {
  const { service, target, doing, status, message, fixes, secrets } = refusal
  const code = codeOf(status)
  const quoted = message === undefined ? '' : ` ${quoteSafely(message, secrets)}`
  return new PullpassError({
    code,
    hop: 'publish',
    seen: `${service} responded with ${status}${quoted} on ${doing} ${target}`,
    ...meanings[code](fixes),
    retryable: code === 'PUBLISH_UNAVAILABLE',
  })
}

type StoreCode = Extract<
  ErrorCode,
  'PUBLISH_DENIED' | 'PUBLISH_TARGET_NOT_FOUND' | 'PUBLISH_UNAVAILABLE' | 'PUBLISH_REFUSED'
>

function codeOf(status: number): StoreCode {
  if (status === 401 || status === 403) return 'PUBLISH_DENIED'
  if (status === 404) return 'PUBLISH_TARGET_NOT_FOUND'
  return status >= 500 || status === 429 || status === 408 ? 'PUBLISH_UNAVAILABLE' : 'PUBLISH_REFUSED'
}

const meanings: Readonly<Record<StoreCode, (fixes: StoreFixes) => Fix & { expected: string }>> = {
  PUBLISH_DENIED: ({ denied }) => ({ expected: 'read and write permission for the operator', ...denied }),
  PUBLISH_TARGET_NOT_FOUND: ({ missing }) => ({
    expected: 'it to exist: pullpass does not create buckets',
    ...missing,
  }),
  PUBLISH_UNAVAILABLE: () => ({
    expected: 'a response',
    hint: 'no action if this is temporary; published documents are not changed',
  }),
  PUBLISH_REFUSED: () => ({
    expected: 'the request to be accepted',
    hint: 'check the endpoint, and that no proxy or sign-in page intercepts the request',
  }),
}

/** Without a version, a concurrent write cannot be detected. */
export const versionMissing = (target: string, hint: string): PullpassError =>
  new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop: 'publish',
    seen: `${target} was read without an ETag`,
    expected: 'an ETag, by which pullpass detects a concurrent write',
    hint,
  })
