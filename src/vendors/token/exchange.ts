/**
 * The subject token is the password: nothing is exchanged, and the credential ends with the token (RFC 7519 §4.1.4).
 * https://zotregistry.dev/latest/articles/authn-authz/
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { rfc3339 } from '../../text/time.ts'
import { audienceOf, type Exchange, withoutRestrictions } from '../vendor.ts'
import type { TokenSettings } from './settings.ts'

export const exchange: Exchange<TokenSettings> = {
  ...withoutRestrictions,
  audiences: (registry) => [audienceOf(registry)],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: ({ settings }) => settings.lifetimeSeconds,
  credentialLifeSeconds: ({ settings }) => settings.lifetimeSeconds,

  async exchange({ hosts, settings: { username } }, subjectToken, { now }) {
    const fault = whyUnusable(subjectToken, now())
    if (fault !== undefined) throw fault
    return { hosts, username, password: subjectToken.value, expiresAt: subjectToken.expiresAt }
  },
}

/** A token that has expired is not written. */
function whyUnusable({ expiresAt }: SubjectToken, now: Date): PullpassError | undefined {
  if (expiresAt > now) return undefined
  return new PullpassError({
    code: 'TOKEN_EXPIRED',
    hop: 'subject-token',
    seen: `the subject token expired at ${rfc3339(expiresAt)}, and it is the password`,
    expected: `a token that is valid now, at ${rfc3339(now)}`,
    hint: "read the token from the pod's own projected volume, where the kubelet renews it",
  })
}
