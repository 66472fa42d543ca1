/** Reads standard input up to a limit. */
import { PullpassError } from '../errors/pullpass-error.ts'

const maxBytes = 1024 * 1024

/** @throws DOCUMENT_UNREADABLE over 1 MiB */
export async function readInput(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of stream) {
    bytes += piece.length
    if (bytes > maxBytes) {
      throw new PullpassError({
        code: 'DOCUMENT_UNREADABLE',
        hop: 'document',
        seen: 'standard input is longer than 1 MiB',
        expected: 'documents, or a token',
        hint: 'use several files: -f FILE -f FILE',
      })
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
