/**
 * The subject token of a file, read anew each time: the kubelet rewrites a projected token at 80 % of its life.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
import { PullpassError } from '../outside/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../outside/read-regular-file.ts'
import { Redacted } from '../outside/redacted.ts'
import { parseTokenText } from './parse-token-text.ts'
import type { SubjectToken } from './subject-token.ts'

/** Bytes: a token, in JSON with other fields besides. */
const longest = 64 * 1024

/**
 * `field`: the file is a JSON object, and this field of it is the token.
 * @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED
 */
export async function readTokenFile(path: string, field?: string): Promise<SubjectToken> {
  const bytes = await readRegularFile(path, longest).catch((error: unknown) => {
    throw unreadable(path, whyUnreadable(error), error)
  })
  return parseTokenText(new Redacted(bytes.toString('utf8')), path, field)
}

function unreadable(path: string, what: string, cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'subject-token',
    seen: `${path} ${what}`,
    expected: 'a file that holds a service account token',
    hint: 'mount a projected token there (volumes[].projected.sources[].serviceAccountToken), or name the file that holds one',
    cause,
  })
}
