/** A file of documents, or one that a document names: bounded, and text. */
import { constants, openSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { PullpassError } from '../outside/pullpass-error.ts'
import { showPath } from '../outside/show-path.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'

const maxBytes = 1024 * 1024
const pieceBytes = 64 * 1024

/** Its text, also of a pipe (`-f <(…)`); undefined where the path is a folder. @throws DOCUMENT_UNREADABLE */
export async function readTextFile(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'EISDIR') return undefined
    throw error instanceof PullpassError ? error : unreadable(path, reasons[systemErrorCode(error) ?? ''], error)
  })
  if (bytes === undefined) return undefined
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
}

const hints: Readonly<Record<string, string>> = {
  'may not be read': 'let who runs pullpass read it: ls -l shows who may',
  'is longer than 1 MiB': 'split it: -f takes a folder, and may be repeated',
  'is not text': 'save it as UTF-8',
  'holds no document': 'write one into it: docs/document.md has examples',
}

/** What is wrong with a file as a whole. */
export function unreadable(path: string, reason = 'cannot be read', cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'DOCUMENT_UNREADABLE',
    hop: 'document',
    seen: `${showPath(path)} ${reason}`,
    expected: 'a file of YAML or JSON in UTF-8, at most 1 MiB',
    hint:
      hints[reason] ??
      'correct the path; in a pod, see the mount path and the items of its volume; standard input is -f -',
    cause,
  })
}

/** A pipe does not tell its size, so bytes are counted as they come. */
async function readBytes(path: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of await openPieces(path)) {
    length += piece.length
    if (length > maxBytes) throw unreadable(path, 'is longer than 1 MiB')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function openPieces(path: string): Promise<AsyncIterable<Buffer>> {
  if (!(await stat(path)).isFIFO()) return piecesOf(await open(path))
  // Otherwise opening it, and reading, would hold a thread until somebody writes, and with it the process.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const { Socket } = await import('node:net')
  return new Socket({ fd, writable: false })
}

async function* piecesOf(file: FileHandle): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(pieceBytes) })
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
