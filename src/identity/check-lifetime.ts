/** Whether a subject token still lives. Verifiers allow for clocks that differ by a minute: RFC 7519 §4.1.4. */
import { PullpassError } from '../outside/pullpass-error.ts'
import type { SubjectToken } from './subject-token.ts'

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
