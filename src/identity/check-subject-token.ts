/** Checks of a subject token before it is sent: lifetime, audience, length of the subject. Pure. */
import { PullpassError } from '../errors/pullpass-error.ts'
import { quote } from '../text/plain-text.ts'
import { rfc3339 } from '../text/time.ts'
import type { SubjectToken } from './subject-token.ts'

export interface TokenToCheck {
  readonly token: SubjectToken
  /** Its source, for messages. */
  readonly where: string
  /** Of the registries that will receive it; empty: the audience is not checked. */
  readonly accepted: readonly AcceptedAudiences[]
}

/** Returns all findings. The signature is not verified. */
export function checkSubjectToken({ token, where, accepted }: TokenToCheck, now: Date): PullpassError[] {
  const faults = [
    checkLifetime(token, where, now),
    ...accepted.map((audiences) => checkAudience(token, where, audiences)),
    ...accepted.map(({ checkSubject }) => checkSubject?.(token.subject, where)),
  ].filter((fault) => fault !== undefined)
  return [...new Map(faults.map((fault) => [fault.message, fault])).values()] // registries of one vendor share their rules
}

/** The audiences that a registry's vendor accepts. RFC 7519 §4.1.3. */
export interface AcceptedAudiences {
  /** Any of them is sufficient. */
  readonly audiences: readonly string[]
  /** The registry that accepts them. */
  readonly host: string
  /** Why its vendor cannot accept a subject; absent: any subject will do. */
  readonly checkSubject?: (subject: string, from: string) => PullpassError | undefined
}

/** AUDIENCE_MISMATCH if no audience of the token is accepted. `where`: its source, for the message. */
export function checkAudience(
  token: SubjectToken,
  where: string,
  { audiences, host }: AcceptedAudiences,
): PullpassError | undefined {
  if (token.audiences.some((audience) => audiences.includes(audience))) return undefined
  const seen = token.audiences.length === 0 ? 'no audience' : `audience ${token.audiences.map(quote).join(' and ')}`
  return new PullpassError({
    code: 'AUDIENCE_MISMATCH',
    hop: 'subject-token',
    seen: `${where} has ${seen}`,
    expected: `${renderAccepted(audiences)}, from registry ${host}`,
    hint: "set that audience on the pod's projected token (serviceAccountToken.audience); a document (-f) with spec.serviceAccountRef has pullpass request the token itself",
  })
}

/** An audience that is accepted with and without its scheme is listed once. */
function renderAccepted(audiences: readonly string[]): string {
  const both = (audience: string) => audiences.includes(`https:${audience}`)
  return audiences
    .filter((audience) => !(audience.startsWith('https:') && audiences.includes(audience.slice('https:'.length))))
    .map((audience) => (both(audience) ? `${quote(audience)} (with or without "https:")` : quote(audience)))
    .join(' or ')
}

/** Verifiers allow a clock skew of a minute: RFC 7519 §4.1.4. */
const skewMs = 60_000

/** TOKEN_EXPIRED if no verifier accepts the token any more. `where`: its source, for the message. */
export function checkLifetime(token: SubjectToken, where: string, now: Date): PullpassError | undefined {
  if (now.getTime() < token.expiresAt.getTime() + skewMs) return undefined
  return new PullpassError({
    code: 'TOKEN_EXPIRED',
    hop: 'subject-token',
    seen: `${where} expired at ${rfc3339(token.expiresAt)}`,
    expected: `a token that is valid now, at ${rfc3339(now)}`,
    hint: "read the token from the pod's own projected volume, where the kubelet renews it, not from a copy; check this machine's clock",
  })
}
