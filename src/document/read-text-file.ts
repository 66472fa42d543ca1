/** A file of documents, or one that a document names: bounded, and text. */
import { open } from 'node:fs/promises'
import { PullpassError } from '../outside/pullpass-error.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'

const maxBytes = 1024 * 1024

/** Also of a pipe (`-f <(…)`), so its size is not asked for but counted. @throws DOCUMENT_UNREADABLE */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    throw error instanceof PullpassError ? error : unreadable(path, reasons[systemErrorCode(error) ?? ''], error)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw unreadable(path, 'is not text', error)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EACCES: 'may not be read',
  EISDIR: 'is a folder',
}

/** What is wrong with a file as a whole. */
export function unreadable(path: string, reason = 'cannot be read', cause?: unknown): PullpassError {
  const expected = 'a file of YAML or JSON in UTF-8, at most 1 MiB'
  return new PullpassError({ code: 'DOCUMENT_UNREADABLE', hop: 'document', seen: `${path} ${reason}`, expected, cause })
}

async function readBytes(path: string): Promise<Buffer> {
  await using file = await open(path)
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  while (length <= maxBytes) {
    const { bytesRead } = await file.read(buffer, length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
  }
  throw unreadable(path, 'is longer than 1 MiB')
}
