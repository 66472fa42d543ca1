/** A bounded number of things under way at once; the rest wait in the order of their arrival. */

export interface Slots {
  /** Runs `work` when a slot is free; rejects with the signal's reason, its work not begun, when that comes first. */
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createSlots(count: number, signal: AbortSignal): Slots {
  let free = count
  const waiting: { begin: () => void; refuse: (reason: unknown) => void }[] = []
  signal.addEventListener(
    'abort',
    () => {
      for (const { refuse } of waiting.splice(0)) refuse(signal.reason)
    },
    { once: true },
  )
  return {
    async run(work) {
      signal.throwIfAborted()
      if (free > 0) free -= 1
      else await new Promise<void>((begin, refuse) => waiting.push({ begin, refuse }))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next.begin()
        else free += 1
      }
    },
  }
}
