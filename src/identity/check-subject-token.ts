/** All that is known against a subject token before anybody sees it: pure. */
import { PullpassError } from '../errors/pullpass-error.ts'
import { quote } from '../text/quote.ts'
import type { SubjectToken } from './subject-token.ts'

export interface JudgedToken {
  readonly token: SubjectToken
  /** Where it came from, for messages. */
  readonly where: string
  /** Who is to take it; empty: that is not judged. */
  readonly accepted: readonly AcceptedAudiences[]
}

/** Empty where nothing is known against it; its signature is not verified here. */
export function judgeSubjectToken({ token, where, accepted }: JudgedToken, now: Date): PullpassError[] {
  const faults = [
    checkLifetime(token, where, now),
    ...accepted.map((audiences) => checkAudience(token, where, audiences)),
    ...accepted.map(({ checkSubject }) => checkSubject?.(token.subject, where)),
  ].filter((fault) => fault !== undefined)
  return [...new Map(faults.map((fault) => [fault.message, fault])).values()] // registries of one vendor share their rules
}

/** Whether a subject token is meant for who will verify it. RFC 7519 §4.1.3. */
export interface AcceptedAudiences {
  /** Any of them will do. */
  readonly audiences: readonly string[]
  /** The registry that accepts them. */
  readonly host: string
  /** Why its vendor cannot accept a subject; absent: any subject will do. */
  readonly checkSubject?: (subject: string, from: string) => PullpassError | undefined
}

/** AUDIENCE_MISMATCH when no audience of the token is accepted. `where` is where it came from, for the message. */
export function checkAudience(
  token: SubjectToken,
  where: string,
  { audiences, host }: AcceptedAudiences,
): PullpassError | undefined {
  if (token.audiences.some((audience) => audiences.includes(audience))) return undefined
  const seen = token.audiences.length === 0 ? 'nobody: it has no audience' : token.audiences.map(quote).join(' and ')
  return new PullpassError({
    code: 'AUDIENCE_MISMATCH',
    hop: 'subject-token',
    seen: `${where} is meant for ${seen}`,
    expected: `${renderAccepted(audiences)}, from registry ${host}`,
    hint: "set that audience on the pod's projected token (serviceAccountToken.audience); a document (-f) with spec.serviceAccountRef has pullpass request the token itself",
  })
}

/** An audience that is taken with and without its scheme is named once. */
function renderAccepted(audiences: readonly string[]): string {
  const both = (audience: string) => audiences.includes(`https:${audience}`)
  return audiences
    .filter((audience) => !(audience.startsWith('https:') && audiences.includes(audience.slice('https:'.length))))
    .map((audience) => (both(audience) ? `${quote(audience)} (with or without "https:")` : quote(audience)))
    .join(' or ')
}

/** Whether a subject token still lives. Verifiers allow for clocks that differ by a minute: RFC 7519 §4.1.4. */
const skewMs = 60_000

/** TOKEN_EXPIRED when nobody takes the token any more. `where` is where it came from, for the message. */
export function checkLifetime(token: SubjectToken, where: string, now: Date): PullpassError | undefined {
  if (now.getTime() < token.expiresAt.getTime() + skewMs) return undefined
  return new PullpassError({
    code: 'TOKEN_EXPIRED',
    hop: 'subject-token',
    seen: `${where} expired at ${token.expiresAt.toISOString()}`,
    expected: `a token that lives now, at ${now.toISOString()}`,
    hint: "read the token from the pod's own projected volume, where the kubelet renews it, not from a copy; check this machine's clock",
  })
}
