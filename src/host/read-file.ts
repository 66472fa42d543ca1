/** A file of bounded size that ends: a pipe or a device, opened by mistake, would hold the run or never end. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Read at once, not by another thread: to hand over a token's few KiB took a one-shot 4 ms in all, and a file system that
 * does not answer would hold that thread, and with it the process, all the same.
 * Rejects with the system's own error; a NotRegular where it is no file, links being followed; a RangeError over `longest` bytes.
 */
export async function readRegularFile(path: string, longest: number): Promise<Buffer> {
  // Without waiting for somebody to write into a pipe.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = fstatSync(file)
    if (found.isDirectory()) throw new NotRegular('is a folder')
    if (!found.isFile()) throw new NotRegular('is no regular file')
    return readToEnd(file, longest)
  } finally {
    closeSync(file)
  }
}

const pieceBytes = 64 * 1024

function readToEnd(file: number, longest: number): Buffer {
  const pieces: Buffer[] = []
  // One byte more than is allowed tells that there is more, whatever the file says of its size.
  for (let bytes = 0; bytes <= longest; ) {
    const buffer = Buffer.alloc(Math.min(pieceBytes, longest + 1 - bytes))
    const bytesRead = readSync(file, buffer)
    if (bytesRead === 0) return Buffer.concat(pieces)
    pieces.push(buffer.subarray(0, bytesRead))
    bytes += bytesRead
  }
  throw new RangeError(`is longer than ${longest} bytes`)
}

/** Its message is what a sentence about the file goes on with. */
class NotRegular extends Error {}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by this user',
}

/** Why it was rejected, to follow the path: `is not there`. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof NotRegular || error instanceof RangeError) return error.message
  const code = systemErrorCode(error) ?? 'no reason given'
  return reasons[code] ?? `cannot be read (${code})`
}

/** The code that Node or the system gave an error: `ECONNREFUSED`, `ENOENT`; undefined where it has none. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
