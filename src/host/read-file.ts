/** Reads regular files of bounded size, since a pipe or a device could block the run or never end; and writes to open files. */
import { fs } from './builtin-modules.ts'

/**
 * Synchronous: a thread would cost a one-shot command 4 ms for a token's few KiB, and a file system that does not respond would
 * block that thread, and with it the process, too. Symbolic links are followed.
 * Rejects with the system's error, NotRegular, or a RangeError over `longest` bytes.
 */
export async function readRegularFile(path: string, longest: number): Promise<Buffer> {
  // Non-blocking: opening a pipe would wait for a writer.
  const file = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0))
  try {
    const found = fs.fstatSync(file)
    if (found.isDirectory()) throw new NotRegular('is a folder')
    if (!found.isFile()) throw new NotRegular('is not a regular file')
    return readToEnd(file, longest)
  } finally {
    fs.closeSync(file)
  }
}

const pieceBytes = 64 * 1024

/** `file`: an open file. @throws RangeError over `longest` bytes */
export function readToEnd(file: number, longest: number): Buffer {
  const pieces: Buffer[] = []
  // Reading one byte more than allowed detects a longer file, whatever its reported size.
  for (let bytes = 0; bytes <= longest; ) {
    const buffer = Buffer.alloc(Math.min(pieceBytes, longest + 1 - bytes))
    const bytesRead = fs.readSync(file, buffer)
    if (bytesRead === 0) return Buffer.concat(pieces)
    pieces.push(buffer.subarray(0, bytesRead))
    bytes += bytesRead
  }
  throw new RangeError(`is longer than ${longest} bytes`)
}

const waitMs = 1

/** `file`: an open file or pipe, also one that does not block. @throws the system's error */
export function writeToEnd(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(file, bytes, written)
    } catch (error) {
      if (systemErrorCode(error) !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs) // for the reader of a full pipe
    }
  }
}

/** The message is a predicate about the file. */
class NotRegular extends Error {}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by this user',
}

/** The reason as a predicate to follow the path: `does not exist`. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof NotRegular || error instanceof RangeError) return error.message
  const code = systemErrorCode(error) ?? 'no reason given'
  return reasons[code] ?? `cannot be read (${code})`
}

/** Node's or the system's error code: `ECONNREFUSED`, `ENOENT`; undefined if there is none. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
