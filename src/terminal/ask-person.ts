/** A question on standard error, and the line that somebody types. */
import { createInterface } from 'node:readline/promises'

interface Streams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** Empty where the input ends. Rejects with the signal's reason. */
export async function askPerson(question: string, streams: Streams, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ ...streams })
  const ended = new AbortController()
  lines.once('close', () => ended.abort())
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, ended.signal]) })
  } catch {
    signal.throwIfAborted()
    return '' // the input ended: nobody said yes
  } finally {
    lines.close()
  }
}
