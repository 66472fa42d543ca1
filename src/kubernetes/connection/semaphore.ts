/** Limits the number of concurrent operations; further operations wait in the order of their arrival. */

export interface Semaphore {
  /** Runs `work` once it may; rejects with the signal's reason, its work not begun, if that comes first. */
  run<T>(work: () => Promise<T>): Promise<T>
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (reason: unknown) => void
}

export function createSemaphore(count: number, signal: AbortSignal): Semaphore {
  let free = count
  const queue = new Set<Waiting>() // thousands may wait: taking the first from an array moves all the others
  signal.addEventListener(
    'abort',
    () => {
      for (const { refuse } of queue) refuse(signal.reason)
      queue.clear()
    },
    { once: true },
  )
  return {
    async run(work) {
      signal.throwIfAborted()
      if (free > 0) free -= 1
      else await new Promise<void>((begin, refuse) => queue.add({ begin, refuse }))
      try {
        return await work()
      } finally {
        const [next] = queue
        if (next) {
          queue.delete(next)
          next.begin()
        } else free += 1
      }
    },
  }
}
