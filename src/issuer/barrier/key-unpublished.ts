/** That a token has to wait, since its key is not public. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import type { PublishTarget } from '../documents/publish-target.ts'

/** `why` follows "is not public at TARGET:". */
export const keyUnpublished = (
  token: SubjectToken,
  target: Pick<PublishTarget, 'name'>,
  { why, hint }: { readonly why: string; readonly hint: string },
): PullpassError =>
  new PullpassError({
    code: 'KEY_UNPUBLISHED',
    hop: 'publish',
    seen: `the token is signed by key ${quote(token.keyId ?? '')}, which is not public at ${target.name}: ${why}`,
    expected: 'a key that clouds can read, before the token is exchanged',
    hint,
    retryable: true,
  })
