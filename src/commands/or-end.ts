/** Work that must not outlast its run: what blocks (an input that never ends) is left behind. */

/** The cluster lets applies in flight end within 5 s; a second more lets their outcomes be told. */
const graceMs = 6_000

/** The work's own result, or the signal's reason when the work goes on for long after it. */
export async function orEnd<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
  patienceMs: number = graceMs,
): Promise<Result> {
  const left = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => left.reject(signal.reason), patienceMs)
  }
  signal.addEventListener('abort', begin, { once: true })
  if (signal.aborted) begin()
  try {
    return await Promise.race([work(), left.promise])
  } finally {
    signal.removeEventListener('abort', begin)
    clearTimeout(timer)
  }
}
