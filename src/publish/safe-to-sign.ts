/**
 * From when on a published key may sign: verifiers that cache the JWKS by its `max-age` (RFC 9111 §5.2.2.1) learn of a new key only
 * when their copy has expired. Measured with such a verifier: of the tokens that were signed sooner about a third were refused, and
 * none of those that were signed later (e2e/issuer/issuer-rotation.test.ts).
 */

import { cacheSeconds } from '../oidc/issuer-documents.ts'
import { rfc3339 } from '../text/time.ts'

/** A week: the max-age of a server is bounded. */
const longestSeconds = 7 * 24 * 3600

/** `servedSeconds`: the max-age with which the JWKS was read, where that is longer than what pullpass writes. */
export function safeToSignAt(publishedAt: Date, servedSeconds: number = cacheSeconds): Date {
  const seconds = Math.min(longestSeconds, Math.max(cacheSeconds, servedSeconds))
  return new Date(publishedAt.getTime() + seconds * 1000)
}

export interface SafeKey {
  readonly keyId: string
  readonly at: Date
  /** Whether the cluster signs with it already. */
  readonly signs: boolean
}

export const safeToSign = (keyId: string, at: Date): string => `safe to sign with ${keyId} from ${wholeSeconds(at)}`

/** Undefined where nothing is waited for: a key that signs, and may. */
export function safeKeySentence({ keyId, at, signs }: SafeKey, now: Date): string | undefined {
  if (!signs) return safeToSign(keyId, at)
  return at <= now
    ? undefined
    : `${keyId} already signs tokens: verifiers with a cached JWKS reject them until ${wholeSeconds(at)}`
}

/** Rounded up, since sooner is not safe. */
export const wholeSeconds = (at: Date): string => rfc3339(at, 'up')
