/** A question on standard error, and the line that somebody types. */
import { createInterface } from 'node:readline/promises'

interface Streams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** undefined where the input ends: nobody is there to answer. Rejects with the signal's reason. */
export async function promptUser(question: string, streams: Streams, signal: AbortSignal): Promise<string | undefined> {
  // As a terminal, readline would take Ctrl-C for itself: it has to end the run, as everywhere else.
  const lines = createInterface({ ...streams, terminal: false })
  const ended = new AbortController()
  lines.once('close', () => ended.abort())
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, ended.signal]) })
  } catch {
    signal.throwIfAborted()
    return undefined
  } finally {
    lines.close()
  }
}
