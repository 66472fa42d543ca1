/**
 * A subject token out of the text of a file or of standard input: the token alone, or a JSON object that holds it, as
 * https://google.aip.dev/auth/4117 (`credential_source.format`) has it.
 */
import { PullpassError } from '../outside/pullpass-error.ts'
import { quote } from '../outside/quote.ts'
import { Redacted } from '../outside/redacted.ts'
import { decodeSubjectToken } from './decode-subject-token.ts'
import type { SubjectToken } from './subject-token.ts'

/**
 * `where` names the text, for messages. `field`: the text is a JSON object, and this field of it is the token.
 * @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED
 */
export function parseTokenText(text: Redacted, where: string, field?: string): SubjectToken {
  const trimmed = text.reveal().trim()
  if (trimmed === '') throw unreadable(`${where} is empty`)
  // Tokens are plain ASCII; U+FFFD is what decoding leaves of other bytes.
  if (/[\0\uFFFD]/.test(trimmed)) throw unreadable(`${where} holds binary data`)
  return decodeSubjectToken(new Redacted(field === undefined ? trimmed : readField(trimmed, where, field)), where)
}

function readField(text: string, where: string, field: string): string {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text that it read: it is dropped.
    throw unreadable(`${where} is not JSON`, `a JSON object with the field ${quote(field)}`)
  }
  const token = new Map(Object.entries(content ?? {})).get(field)
  if (typeof token === 'string') return token
  throw unreadable(`${where} holds no text in the field ${quote(field)}`)
}

function unreadable(seen: string, expected = 'a service account token'): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'subject-token',
    seen,
    expected,
    hint: 'mount a projected token (volumes[].projected.sources[].serviceAccountToken) and name its file',
  })
}
