/**
 * The subject token of a file, read each time: the kubelet rewrites a projected token at 80 % of its lifetime.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
import { PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../host/read-file.ts'
import type { Environment } from '../http/context.ts'
import { quote } from '../text/plain-text.ts'
import { Redacted } from '../text/redacted.ts'
import { looksLikeSecret } from '../text/show.ts'
import { decodeSubjectToken, type SubjectToken } from './subject-token.ts'

/** Bytes: a token, or JSON that contains it. */
const longest = 64 * 1024

/**
 * `field`: the file is a JSON object, and this field of it is the token.
 * @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED
 */
export async function readTokenFile(path: string, field?: string): Promise<SubjectToken> {
  if (looksLikeSecret(path)) throw tokenForPath
  const bytes = await readRegularFile(path, longest).catch((error: unknown) => {
    throw unreadable(path, whyUnreadable(error), error)
  })
  return { ...parseTokenText(new Redacted(bytes.toString('utf8')), path, field), file: path }
}

/** The path can be a variable or field that was set to the token itself. */
const tokenForPath = new PullpassError({
  code: 'TOKEN_FILE_UNREADABLE',
  hop: 'subject-token',
  seen: 'the path of the token file looks like a credential, not shown',
  expected: 'the path of the file that contains the token',
  hint: 'check PULLPASS_TOKEN_FILE, --token-file, and tokenFile in the document',
})

function unreadable(path: string, what: string, cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'subject-token',
    seen: `${path} ${what}`,
    expected: 'a file that contains a service account token',
    hint: 'mount a projected token there (volumes[].projected.sources[].serviceAccountToken), set the path of the file that contains one, or use a document (-f) with spec.serviceAccountRef, so that pullpass requests one',
    cause,
  })
}

// The text of a file or of standard input: the token, or a JSON object that contains it, as
// `credential_source.format` of external account credentials (AIP-4117).

/**
 * `where`: the source of the text, for messages. `field`: the text is a JSON object, and this field of it is the token.
 * @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED
 */
export function parseTokenText(text: Redacted, where: string, field?: string): SubjectToken {
  const trimmed = text.reveal().trim()
  if (trimmed === '') throw unreadableToken(`${where} is empty`)
  // Tokens are ASCII; decoding replaces other bytes by U+FFFD.
  if (/[\0\uFFFD]/.test(trimmed)) throw unreadableToken(`${where} contains binary data`)
  return decodeSubjectToken(new Redacted(field === undefined ? trimmed : readField(trimmed, where, field)), where)
}

function readField(text: string, where: string, field: string): string {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text that it read: it is dropped.
    throw unreadableToken(`${where} is not JSON`, `a JSON object with the field ${quote(field)}`)
  }
  const token = new Map(Object.entries(content ?? {})).get(field)
  if (typeof token === 'string') return token
  throw unreadableToken(`${where} contains no string in the field ${quote(field)}`)
}

function unreadableToken(seen: string, expected = 'a service account token'): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'subject-token',
    seen,
    expected,
    hint: 'mount a projected token (volumes[].projected.sources[].serviceAccountToken) and set its path',
  })
}

/** The default path of the subject token: the flag, the variable, or the path in the usual script's pod. */
export function tokenFilePath(flag: string | undefined, environment: Environment): string {
  return flag ?? (environment['PULLPASS_TOKEN_FILE'] || '/var/run/secrets/tokens/oidc-token')
}
