/**
 * The subject token is the password: nothing is exchanged, and the credential ends with the token (RFC 7519 §4.1.4).
 * https://zotregistry.dev/latest/articles/authn-authz/
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { isAcceptedByApiServer, type SubjectToken } from '../../identity/subject-token.ts'
import { quote, rfc3339 } from '../../text/plain-text.ts'
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

/** A pull secret is readable by more accounts than a projected token is. */
function whyUnusable(token: SubjectToken, now: Date): PullpassError | undefined {
  const { audiences, expiresAt } = token
  if (isAcceptedByApiServer(token)) {
    return new PullpassError({
      code: 'AUDIENCE_MISMATCH',
      hop: 'subject-token',
      seen: `the subject token has audience ${audiences.map(quote).join(' and ') || 'of the API server'}, which API servers accept; it was not written to a pull secret`,
      expected: 'a token whose only audience is that of the registry',
      hint: "set the registry's audience, and the same one in the registry's own configuration",
    })
  }
  if (expiresAt > now) return undefined
  return new PullpassError({
    code: 'TOKEN_EXPIRED',
    hop: 'subject-token',
    seen: `the subject token expired at ${rfc3339(expiresAt)}, and it is the password`,
    expected: `a token that is valid now, at ${rfc3339(now)}`,
    hint: "read the token from the pod's own projected volume, where the kubelet renews it",
  })
}
