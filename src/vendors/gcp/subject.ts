/**
 * Whether Google Cloud can map a subject to google.subject.
 * https://cloud.google.com/iam/docs/workload-identity-federation#mapping
 */
import { PullpassError } from '../../errors/pullpass-error.ts'

const longestBytes = 127

/** SUBJECT_TOO_LONG if it exceeds the limit of google.subject. `from`: its source, for the message. */
export function checkSubjectLength(subject: string, from: string): PullpassError | undefined {
  const bytes = Buffer.byteLength(subject)
  if (bytes <= longestBytes) return undefined
  return new PullpassError({
    code: 'SUBJECT_TOO_LONG',
    hop: 'subject-token',
    seen: `the subject of ${from} has ${bytes} bytes: ${subject}`,
    expected: `at most ${longestBytes} bytes, the limit of google.subject`,
    hint: 'use a service account and namespace with shorter names, or map google.subject to a shorter attribute',
  })
}
