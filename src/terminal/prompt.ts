/** Prompts on standard error, and reads a line. */
import { createInterface } from 'node:readline/promises'

interface Streams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** Undefined at the end of the input. Rejects with the reason of the signal. */
export async function promptUser(question: string, streams: Streams, signal: AbortSignal): Promise<string | undefined> {
  // With `terminal: true`, readline would handle Ctrl-C itself; it has to end the run.
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
