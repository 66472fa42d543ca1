/** The body of an answer over HTTP/1.1 as text, bounded. By events: to iterate over it loads another 3 ms of streams. */
import type { IncomingMessage } from 'node:http'
import { AnswerTooLarge } from './transport.ts'

/** Rejects with AnswerTooLarge, or the system's own error: an answer that was cut short ends so too. */
export function collectText(answer: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let bytes = 0
    answer.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > maxBytes) answer.destroy(new AnswerTooLarge(maxBytes))
      else pieces.push(piece)
    })
    answer.once('error', reject)
    answer.once('end', () => resolve(Buffer.concat(pieces).toString('utf8')))
  })
}
