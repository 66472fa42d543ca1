/** A file of bounded size that ends: a pipe or a device, opened by mistake, would hold the run or never end. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { systemErrorCode } from './system-error-code.ts'

/** Rejects with the system's own error; a NotRegular where it is no file, links being followed; a RangeError over `longest` bytes. */
export async function readRegularFile(path: string, longest: number): Promise<Buffer> {
  // Without waiting for somebody to write into a pipe.
  await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  const found = await file.stat()
  if (found.isDirectory()) throw new NotRegular('is a folder')
  if (!found.isFile()) throw new NotRegular('is no regular file')
  const pieces: Buffer[] = []
  // One byte more than is allowed tells that there is more, whatever the file says of its size.
  for (let bytes = 0; bytes <= longest; ) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(pieceBytes, longest + 1 - bytes)))
    if (bytesRead === 0) return Buffer.concat(pieces)
    pieces.push(buffer.subarray(0, bytesRead))
    bytes += bytesRead
  }
  throw new RangeError(`is longer than ${longest} bytes`)
}

const pieceBytes = 64 * 1024

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
