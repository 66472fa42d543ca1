/**
 * Whether a subject is short enough for Google Cloud, whose google.subject is the narrowest that a subject is mapped to.
 * https://cloud.google.com/iam/docs/workload-identity-federation#mapping
 */
import { PullpassError } from '../outside/pullpass-error.ts'
import type { SubjectToken } from './subject-token.ts'

/** Bytes. */
const longest = 127

/** SUBJECT_TOO_LONG when google.subject cannot hold it. `where` is where the token came from, for the message. */
export function checkSubjectLength(
  { subject }: Pick<SubjectToken, 'subject'>,
  where: string,
): PullpassError | undefined {
  const bytes = Buffer.byteLength(subject)
  if (bytes <= longest) return undefined
  return new PullpassError({
    code: 'SUBJECT_TOO_LONG',
    hop: 'subject-token',
    seen: `the subject of ${where} has ${bytes} bytes: ${subject}`,
    expected: `at most ${longest} bytes, where Google maps it to google.subject`,
    hint: 'use a service account and namespace with shorter names, or map google.subject to a shorter attribute',
  })
}
