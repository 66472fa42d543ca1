/** Whether a subject token is meant for who will verify it. RFC 7519 §4.1.3. */
import { PullpassError } from '../outside/pullpass-error.ts'
import { quote } from '../outside/quote.ts'
import type { SubjectToken } from './subject-token.ts'

export interface AcceptedAudiences {
  /** Any of them will do. */
  readonly audiences: readonly string[]
  /** The registry that asks for them. */
  readonly host: string
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
