/**
 * The subject token of a file, read anew each time: the kubelet rewrites a projected token at 80 % of its life.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
import { open } from 'node:fs/promises'
import { PullpassError } from '../outside/pullpass-error.ts'
import { Redacted } from '../outside/redacted.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import { parseTokenText } from './parse-token-text.ts'
import type { SubjectToken } from './subject-token.ts'

/** Bytes: a token, in JSON with other fields besides. */
const longest = 64 * 1024

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by this user',
}

/**
 * `field`: the file is a JSON object, and this field of it is the token.
 * @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED
 */
export async function readTokenFile(path: string, field?: string): Promise<SubjectToken> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    const code = systemErrorCode(error) ?? 'no reason given'
    throw unreadable(path, reasons[code] ?? `cannot be read (${code})`, error)
  })
  if (bytes.length > longest) throw unreadable(path, `is longer than ${longest} bytes`)
  return parseTokenText(new Redacted(bytes.toString('utf8')), path, field)
}

/** One byte more than is allowed tells that there is more, whatever the file says of its size (a pipe says 0). */
async function readBytes(path: string): Promise<Buffer> {
  await using file = await open(path)
  const buffer = Buffer.alloc(longest + 1)
  for (let filled = 0; ; ) {
    const { bytesRead } = await file.read(buffer, filled)
    filled += bytesRead
    if (bytesRead === 0 || filled === buffer.length) return buffer.subarray(0, filled)
  }
}

function unreadable(path: string, what: string, cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'subject-token',
    seen: `${path} ${what}`,
    expected: 'a file that holds a service account token',
    hint: 'mount a projected token there (volumes[].projected.sources[].serviceAccountToken), or name its file with --token-file',
    cause,
  })
}
